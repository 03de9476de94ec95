import { partsOf } from "../batch/job-types";
import type { BatchService } from "../batch/service";
import type { ComputeService } from "../compute/compute-service";
import type { Instance } from "../compute/instance-types";
import { lastSegment, pathOf } from "../compute/links";
import type { IamService } from "../iam/service";
import type { ArtifactRegistryService } from "../registry/service";
import { policyName, type SecretService } from "../secrets/service";
import type { RuntimeKind } from "../service";
import type { StorageService } from "../storage/service";
import { Html, html, type Part } from "./html";
import type { RequestLog } from "./request-log";
import { describeRun, readConsoleRuns } from "./runs";

/** The services that the console shows. */
export interface ConsoleServices {
    readonly runtime: RuntimeKind;
    readonly storage: StorageService;
    readonly iam: IamService;
    readonly registry: ArtifactRegistryService;
    readonly secrets: SecretService;
    readonly compute: ComputeService;
    readonly batch: BatchService;
    readonly requestLog: RequestLog;
}

/** A section on the page, with its entry in the overview. */
export interface Section {
    readonly id: string;
    readonly title: string;
    readonly count: number;
    readonly content: Html;
}

const SERIAL_BYTES = 64 * 1024;
const SHOWN_REQUESTS = 60;
const OWNER = { kind: "owner" } as const;

/** All sections, in the order in which the page shows them: the user's work first, the requests last. */
export async function sections(services: ConsoleServices): Promise<Section[]> {
    return [
        await runs(services),
        instances(services),
        batchJobs(services),
        buckets(services),
        images(services),
        access(services),
        secrets(services),
        networks(services),
        requests(services),
    ];
}

async function runs({ storage }: ConsoleServices): Promise<Section> {
    const all = await readConsoleRuns(storage);
    const content = all.map((run) => {
        const { summary, body, isActive } = describeRun(run);
        return details(`run-${run.bucket}-${run.id}`, summary, body, isActive);
    });
    return { id: "runs", title: "Runs", count: all.length, content: list(content, "No runs.") };
}

function instances({ compute }: ConsoleServices): Section {
    const all = compute.instances.instances.entries();
    const content = all.map(([path, instance]) => {
        const { contents } = compute.instances.serialPort(path).read(-SERIAL_BYTES);
        return details(
            path,
            html`<h3>${instance.name}</h3>${chip(instance.status)}<span class="note">${describeInstance(instance)}</span>`,
            html`${facts(instance)}<pre id="serial-${path}">${contents === "" ? "(nothing on the serial port yet)" : contents}</pre>`,
        );
    });
    return { id: "instances", title: "Instances", count: all.length, content: list(content, "No instances.") };
}

function batchJobs({ batch }: ConsoleServices): Section {
    const all = batch.store.all();
    const content = all.map(({ job, status }) => {
        const counts = [...batch.store.counts(job.name)].map(([state, count]) => `${count} ${state.toLowerCase()}`);
        const rows = status.events.map(({ eventTime, description }) => [time(eventTime), description]);
        return details(
            job.name,
            html`<h3>${partsOf(job.name).id}</h3>${chip(status.state)}<span class="note">${counts.join(", ")}</span>`,
            rows.length === 0 ? html`<p class="empty">No events yet.</p>` : table(["Time", "Event"], rows),
        );
    });
    return { id: "batch", title: "Batch jobs", count: all.length, content: list(content, "No Batch jobs.") };
}

function describeInstance(instance: Instance): string {
    const zone = lastSegment(instance.zone);
    const started = instance.lastStartTimestamp === undefined ? "" : `, started ${clock(instance.lastStartTimestamp)}`;
    return `${lastSegment(instance.machineType)} in ${zone}, ${instance.scheduling.provisioningModel.toLowerCase()}${started}`;
}

function facts(instance: Instance): Html {
    const rows: [string, string][] = [
        ["Project", pathOf(instance).split("/")[1] ?? ""],
        ["Service account", instance.serviceAccounts?.[0]?.email ?? "none"],
        ["Address", instance.networkInterfaces[0]?.networkIP ?? ""],
        ["Metadata", instance.metadata.items.map(({ key }) => key).join(", ")],
        ["Limit", instance.resourceStatus?.scheduling.terminationTimestamp ?? "none"],
    ];
    return table(
        [],
        rows.map(([name, value]) => [name, html`<span class="mono">${value}</span>`]),
    );
}

function buckets({ storage }: ConsoleServices): Section {
    const all = storage.buckets.all();
    const content = all.map((bucket) => {
        const objects = storage.objects.all(OWNER, bucket.name);
        const live = objects.filter(({ timeDeleted }) => timeDeleted === undefined);
        const rows = live.map((object) => [
            html`<a href="/console/object?bucket=${encodeURIComponent(bucket.name)}&amp;name=${encodeURIComponent(object.name)}">${object.name}</a>`,
            time(object.updated),
            number(formatBytes(object.blob.size)),
        ]);
        const older = objects.length - live.length;
        const note = `${live.length} objects${older > 0 ? ` and ${older} older versions` : ""} in ${bucket.location}`;
        return details(
            `bucket-${bucket.name}`,
            html`<h3>gs://${bucket.name}</h3><span class="note">${note}</span>`,
            rows.length === 0 ? html`<p class="empty">Empty.</p>` : table(["Object", "Written", "#Size"], rows),
        );
    });
    return { id: "buckets", title: "Buckets", count: all.length, content: list(content, "No buckets.") };
}

function images({ registry }: ConsoleServices): Section {
    const repositories = registry.repositories.all();
    const rows = repositories.flatMap(({ name, path }) => {
        const found = registry.images.list(path);
        const none: Part[][] = [[name, html`<span class="empty">no images yet</span>`, "", ""]];
        return found.length === 0
            ? none
            : found.map((image) => [
                  name,
                  html`${image.image} ${image.tags.map((tag) => html`<span class="chip">${tag}</span> `)}`,
                  html`<code>${image.digest.slice(0, 19)}…</code>`,
                  time(image.uploadTime),
              ]);
    });
    const content =
        rows.length === 0
            ? html`<p class="empty">No repositories.</p>`
            : table(["Repository", "Image", "Digest", "Pushed"], rows);
    return { id: "images", title: "Images", count: rows.length, content };
}

function access({ iam }: ConsoleServices): Section {
    const { serviceAccounts, policies } = iam;
    const accounts = serviceAccounts.inventory().map(({ name }) => name);
    const grants = policies
        .entries()
        .flatMap(([resource, policy]) =>
            policy.bindings.flatMap(({ role, members, condition }) =>
                members.map((member) => [
                    html`<code>${member}</code>`,
                    role,
                    html`${resource}${condition === undefined ? "" : html`<br><code>${condition.expression}</code>`}`,
                ]),
            ),
        );
    const names =
        accounts.length === 0
            ? html`<p class="empty">No service accounts.</p>`
            : html`<p>${accounts.map((email) => html`<code>${email}</code><br>`)}</p>`;
    const content = grants.length === 0 ? names : html`${names}${table(["Member", "Role", "On"], grants)}`;
    return { id: "access", title: "Service accounts and grants", count: accounts.length, content };
}

/** Payloads are never shown. */
function secrets({ secrets: service }: ConsoleServices): Section {
    const rows = service
        .all()
        .map((secret) => [
            html`<code>${policyName(secret)}</code>`,
            html`${secret.versions.map(({ number: version, state }) => html`<span class="chip">${version}: ${state.toLowerCase()}</span> `)}`,
            time(secret.createTime),
        ]);
    const content =
        rows.length === 0 ? html`<p class="empty">No secrets.</p>` : table(["Secret", "Versions", "Created"], rows);
    return { id: "secrets", title: "Secrets", count: rows.length, content };
}

function networks({ compute }: ConsoleServices): Section {
    const rows = compute.networks.inventory().map(({ kind, name }) => [kind, html`<span class="mono">${name}</span>`]);
    const content =
        rows.length === 0 ? html`<p class="empty">Only the default network.</p>` : table(["Kind", "Name"], rows);
    return { id: "networks", title: "Networks", count: rows.length, content };
}

function requests({ requestLog }: ConsoleServices): Section {
    const all = requestLog.recent();
    const rows = all
        .slice(0, SHOWN_REQUESTS)
        .map((request) => [
            time(request.time.toISOString()),
            html`<span class="chip ${request.status < 400 ? "good" : request.status < 500 ? "busy" : "bad"}">${request.status}</span>`,
            html`<span class="mono">${request.method} ${request.target}</span>`,
            request.endpoint,
            number(`${request.milliseconds} ms`),
        ]);
    const content =
        rows.length === 0
            ? html`<p class="empty">No requests yet.</p>`
            : table(["Time", "Status", "Request", "VM", "#Took"], rows);
    return { id: "requests", title: "Recent requests", count: all.length, content };
}

function details(id: string, summary: Html, content: Html, isOpen = false): Html {
    return html`<details id="${id}"${isOpen && new Html(" open")}><summary>${summary}</summary>${content}</details>`;
}

function list(items: readonly Html[], empty: string): Html {
    return items.length === 0 ? html`<p class="empty">${empty}</p>` : html`${items}`;
}

/** @param heads column titles; a leading `#` right-aligns the column */
function table(heads: readonly string[], rows: readonly (readonly Part[])[]): Html {
    const head = heads.map((title) =>
        title.startsWith("#") ? html`<th class="number">${title.slice(1)}</th>` : html`<th>${title}</th>`,
    );
    const cell = (part: Part) => (part instanceof Html && part.text.startsWith("<td") ? part : html`<td>${part}</td>`);
    return html`<table>${head.length > 0 && html`<tr>${head}</tr>`}${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</table>`;
}

function number(text: string): Html {
    return html`<td class="number">${text}</td>`;
}

function time(iso: string): Html {
    return html`<td class="time">${clock(iso)}</td>`;
}

/** Time of day, UTC, to the second. */
function clock(iso: string): string {
    return new Date(iso).toISOString().slice(11, 19);
}

function chip(status: string): Html {
    const kinds: Readonly<Record<string, string>> = {
        RUNNING: "good",
        SUCCEEDED: "good",
        FAILED: "bad",
        TERMINATED: "",
    };
    const kind = kinds[status] ?? (status === "CANCELLED" ? "" : "busy");
    return html`<span class="chip ${kind}">${status}</span>`;
}

function formatBytes(bytes: number): string {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let value = bytes;
    let unit = 0;
    for (; value >= 1024 && unit < units.length - 1; unit++) {
        value /= 1024;
    }
    return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
