import { type Print, systemClock } from "./clients";
import { createAuth, readCloudSettings } from "./credentials";
import { httpStatusOf, messageOf } from "./errors";
import { openCall, readEndpoints } from "./google-api";
import { openBucket } from "./google-bucket";
import { openVm } from "./google-clients";
import { isOwned } from "./marks";
import { type Kind, type OwnerContext, type Place, placeOf, removeInstances, removeOwned } from "./owned-resources";
import { resultsFolder } from "./resource-inputs";
import { saveAllRuns } from "./save-all";
import { isTerminal } from "./status";
import { terminalText } from "./terminal-text";
import { readStatus } from "./transitions";

/** A resource that is about to be created. */
export interface Planned {
    kind: Kind;
    project: string;
    /** The region of a subnetwork or repository, or the zone of an instance. */
    location?: string;
    name: string;
}

/** The owner of planned resources, and the gcp provider's config by key, e.g. `gcp:accessToken`. */
export interface Planner {
    owner: string;
    config: (key: string) => string | undefined;
}

const print: Print = (line) => console.log(terminalText(line));

/**
 * Removes, in this order, resources that an interrupted command left behind under the names of planned resources. A
 * service account is kept, because the provider adopts it.
 * @throws an error for a resource that does not belong to the owner
 */
export async function removeLeftovers(planner: Planner, planned: readonly Planned[]): Promise<void> {
    const { context } = await open(planner);
    for (const each of planned) {
        const place = placeOf(context.apis, each.kind, each);
        await (each.kind === "service account" ? rejectForeign(context, place) : removeLeftover(context, place));
    }
}

/**
 * Removes a bucket that an interrupted command left behind, after every run in it has been saved on this machine.
 * @throws an error if a run cannot be saved, or the bucket does not belong to the owner
 */
export async function removeLeftoverBucket(
    planner: Planner,
    bucket: { project: string; name: string },
    results: { stack: string; resultsDir: string; saveCheckpoints?: boolean },
): Promise<void> {
    const { context, settings, auth } = await open(planner);
    const { clock } = context.apis;
    const place = placeOf(context.apis, "bucket", bucket);
    const discard = process.env.DISCARD_RESULTS ?? "";
    if ((await rejectForeign(context, place)) && (discard === "" || discard === "0")) {
        try {
            const client = openBucket(bucket.name, settings, auth, clock);
            const { saveCheckpoints } = results;
            const saving = { bucket: client, clock, print, saveCheckpoints };
            await saveAllRuns(saving, (runId) => resultsFolder(results, runId));
        } catch (error) {
            throw new Error(
                `The bucket ${bucket.name}, which an interrupted command left behind, is kept, because its results could not ` +
                    `all be saved: ${messageOf(error)}. Fix this and run \`pulumi up\` again, or discard the results: ` +
                    "DISCARD_RESULTS=1 pulumi up",
                { cause: error },
            );
        }
    }
    await removeLeftover(context, place);
}

/**
 * Removes the VMs from earlier runs, and any VM that an interrupted command left behind. If that VM is training the
 * planned run, waits until it has ended, because its work must not be lost.
 * @throws an error if it would have to wait but `wait` is not true, or if a VM does not belong to the owner
 */
export async function removeLeftoverInstances(
    planner: Planner,
    instance: { project: string; zone: string; name: string },
    run: { bucket: string; runId: string; wait: boolean },
): Promise<void> {
    const { context, settings, auth } = await open(planner);
    const { clock } = context.apis;
    const { project, zone: location, name } = instance;
    if (await rejectForeign(context, placeOf(context.apis, "instance", { project, location, name }))) {
        const bucket = openBucket(run.bucket, settings, auth, clock);
        const vm = openVm({ project, zone: location, instance: name }, settings, auth, clock);
        const isTraining = async () => {
            const state = (await readStatus(bucket, run.runId))?.status.state;
            const isOff = ["TERMINATED", "SUSPENDED", undefined].includes(await vm.status());
            return state !== undefined && state !== "PENDING" && !isTerminal(state) && !isOff;
        };
        if (await isTraining()) {
            const what = `run ${run.runId} is training on the VM ${name}, which an interrupted command created`;
            if (!run.wait) {
                throw new Error(`${what}. Run \`pulumi up\` again once it has ended`);
            }
            print(`${what}; waiting until it has ended`);
            while (await isTraining()) {
                await clock.sleep(5000);
            }
        }
    }
    await removeInstances(context, project);
}

/** Removes the VMs of earlier runs, before a Batch job takes their place. */
export async function removeAllInstances(planner: Planner, project: string): Promise<void> {
    await removeInstances((await open(planner)).context, project);
}

/** Time in which Compute Engine stops a VM, with a margin; the guest gets at most 90 seconds of it. */
const STOP_MS = 5 * 60_000;

/**
 * If the VM is on, rejects a change that is possible only while it is off. Without this check, the provider would fail
 * with an instruction for programs in another language. Waits for a VM that is stopping, as one does after its run.
 */
export async function rejectWhileOn(
    planner: Planner,
    project: string,
    { oldInputs = {}, newInputs = {} }: { oldInputs?: Record<string, unknown>; newInputs?: Record<string, unknown> },
): Promise<void> {
    const keys = ["machineType", "networkInterfaces", "serviceAccount", "shieldedInstanceConfig"];
    const changed = keys.filter((key) => JSON.stringify(oldInputs[key]) !== JSON.stringify(newInputs[key]));
    if (changed.length === 0) {
        return;
    }
    const [name, zone] = [String(newInputs.name), String(newInputs.zone)];
    const { context, settings, auth } = await open(planner);
    const { clock } = context.apis;
    const vm = openVm({ project, zone, instance: name }, settings, auth, clock);
    let status = await vm.status();
    if (status === "STOPPING") {
        context.print(`The VM ${name} is stopping; waiting until it is off`);
    }
    for (const deadline = clock.now() + STOP_MS; status === "STOPPING" && clock.now() < deadline; ) {
        await clock.sleep(2000);
        status = await vm.status();
    }
    if (["PROVISIONING", "STAGING", "RUNNING", "STOPPING"].includes(status ?? "")) {
        throw new Error(
            `${changed.join(", ")} can be changed only while the VM ${name} is off; it is ${status}. Wait until the run has ` +
                `ended, or interrupt it: gcloud compute instances stop ${name} --zone ${zone}`,
        );
    }
}

async function open({ owner, config }: Planner) {
    const settings = readCloudSettings(config, process.env);
    const auth = await createAuth(settings);
    const clock = systemClock();
    const endpoints = readEndpoints(config, process.env, settings);
    const context: OwnerContext = { apis: { call: openCall(auth, clock), endpoints, clock }, owner, print };
    return { context, settings, auth };
}

async function removeLeftover(context: OwnerContext, place: Place): Promise<void> {
    if (await rejectForeign(context, place)) {
        await removeOwned(context, place);
    }
}

/**
 * Tests whether the owner has a resource at this place.
 * @throws an error if the resource belongs to another owner
 */
async function rejectForeign({ apis, owner }: OwnerContext, place: Place): Promise<boolean> {
    try {
        const found = await apis.call("GET", place.url);
        if (found === undefined || isOwned(found, owner)) {
            return found !== undefined;
        }
    } catch (error) {
        // A denied request does not show whether the resource exists. If it does, creating it fails with a clear error.
        if (httpStatusOf(error) === 403) {
            return false;
        }
        throw error;
    }
    throw new Error(
        `The ${place.kind} ${place.name} exists, but this stack did not create it: either a stack with the same name ` +
            "in another Pulumi backend uses it, or the state of this stack was lost. Choose another name for this stack " +
            "(npx pulumi stack init NAME), or delete that resource if nothing uses it",
    );
}
