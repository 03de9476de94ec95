import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type CostEstimate, estimateCost, formatUsd, storageDays } from "../../run/cost/estimate";
import { type Machine, type MachineShape, shapeOf } from "../../run/cost/machine-price";
import { readPriceList } from "../../run/cost/price-list";
import type { RunPrice } from "../../run/cost/run-cost";
import { createAuth, readCloudSettings } from "../../run/credentials";
import { detailOf, httpStatusOf } from "../../run/errors";
import {
    apiErrorOf,
    type Body,
    type Call,
    type Endpoints,
    isDisabledApi,
    readEndpoints,
    requireObject,
} from "../../run/google-api";
import { pagesOf } from "../../run/owned-resources";
import { nearest } from "../../trainer/lib/nearest";
import { parseDataset } from "../dataset";
import { PULL_SECONDS, UPLOAD_SECONDS } from "../defaults";
import { defaultBootDiskType } from "../machine-types";
import { maxVmSeconds } from "../user-data";
import { ConfigError, type ConfigIssue } from "./issues";
import type { Config } from "./keys";
import { quotaIssues } from "./quota-check";

/** The price of a job, or the reason why it is unknown. */
export type Cost = CostEstimate | { unknown: string };

/** Google's APIs, as the check reads them. */
export interface CloudReader {
    /** Sends a request once. Returns undefined for a 404. */
    call: Call;
    endpoints: Pick<Endpoints, "compute" | "billing">;
    /** Milliseconds since 1970. */
    now: number;
}

/** Time limit for a response, so that a preview works even without a network. */
const TIMEOUT_MS = 15_000;

/**
 * Checks the machine type, the zone and the quotas with Google's APIs, and computes what the job costs, before anything
 * is declared. A check is skipped if its API cannot be read, for example because the project has not enabled it yet.
 *
 * @throws ConfigError if the VM could not be created, or could cost more than `maxCostUsd`
 */
export async function checkCloud(config: Config): Promise<{ cost: Cost; price: RunPrice | undefined }> {
    const configured = (key: string) => pulumi.runtime.getConfig(key);
    const settings = readCloudSettings(configured, process.env);
    const cost = await checkWith(config, async () => {
        const auth = await createAuth(settings);
        return {
            call: callOnce(auth),
            endpoints: readEndpoints(configured, process.env, settings),
            now: Date.now(),
        };
    });
    // A rehearsal shows the price at its end.
    for (const line of pulumi.runtime.getEngine() === undefined ? [] : costLines(config, cost)) {
        void pulumi.log.info(line);
    }
    return { cost, price: "unknown" in cost ? undefined : priceOf(config, cost) };
}

/** The price of a run's attempts. */
function priceOf({ maxAttempts }: Config, cost: CostEstimate): RunPrice {
    const { hourlyUsd, attemptUsd, isExample, lastAttempt } = cost;
    const last = lastAttempt === undefined ? {} : { last: { ...lastAttempt, interruptions: maxAttempts - 1 } };
    return { hourlyUsd, attemptUsd, isExample, ...last };
}

/**
 * Implements `checkCloud` for any reader.
 * @param open opens the APIs; if it fails, the price is unknown
 * @throws ConfigError
 */
export async function checkWith(config: Config, open: () => Promise<CloudReader>): Promise<Cost> {
    let cost: Cost;
    try {
        cost = await readCost(config, await open());
    } catch (error) {
        if (error instanceof ConfigError) {
            throw error;
        }
        cost = { unknown: reasonOf(error) };
    }
    const issue = limitIssue(config, cost);
    if (issue !== undefined) {
        throw new ConfigError([issue]);
    }
    return cost;
}

/** The lines that a command prints about the price. */
export function costLines({ machineType, zone, provisioning, maxAttempts }: Config, cost: Cost): string[] {
    if ("unknown" in cost) {
        return [`Price: unknown, because ${cost.unknown}`];
    }
    const example = cost.isExample ? " (example amounts from the emulator)" : "";
    const kind = provisioning === "spot" ? `spot ${machineType}` : machineType;
    const attempts = maxAttempts === 1 ? "1 attempt" : `${maxAttempts} attempts`;
    const last = cost.lastAttempt === undefined ? "" : ", the last one on a standard VM";
    const expected =
        cost.expectedUsd === null ? "" : `, about ${formatUsd(cost.expectedUsd)} for a run like the earlier ones`;
    return [
        `Price: ${formatUsd(cost.hourlyUsd)} an hour for ${kind} in ${zone}${expected}${example}`,
        `At most ${formatUsd(cost.worstCaseUsd)}: ${attempts} up to the time limit${last}, and ${storageDays} days of storage`,
    ];
}

async function readCost(config: Config, reader: CloudReader): Promise<Cost> {
    const { call, endpoints, now } = reader;
    const [prices, shape] = await Promise.allSettled([
        readPriceList(call, endpoints.billing, config.region, now),
        checkMachine(config, reader),
    ]);
    // A machine that does not exist is reported before a missing price.
    if (shape.status === "rejected") {
        throw shape.reason;
    }
    if (prices.status === "rejected") {
        throw prices.reason;
    }
    const hours = maxVmSeconds({
        gpuCount: config.gpuCount,
        maxRunSeconds: config.maxRunMinutes * 60,
        pullSeconds: PULL_SECONDS,
        uploadSeconds: UPLOAD_SECONDS,
        debugSeconds: config.debugMinutes * 60,
    });
    const tasks = Math.max(1, config.tasks, config.points.length);
    return estimateCost(prices.value, machineOf(config), shape.value, {
        maxHours: hours / 3600,
        maxAttempts: config.maxAttempts,
        tasks,
        lastIsStandard: config.spotFallback === "standard",
        hasExternalIp: config.externalIp,
        datasetBytes: datasetBytes(config.dataset),
        expectedHours: medianHours(path.join(config.resultsDir, pulumi.getStack()), tasks),
    });
}

function machineOf(config: Config): Machine {
    return {
        type: config.machineType,
        spot: config.provisioning === "spot",
        gpuType: config.gpuType,
        gpuCount: config.gpuCount,
        diskType: config.bootDiskType || defaultBootDiskType(config.machineType),
        diskSizeGb: config.bootDiskSizeGb,
    };
}

/** @throws ConfigError for an unknown machine type or zone, or a quota that is too small */
async function checkMachine(config: Config, { call, endpoints }: CloudReader): Promise<MachineShape> {
    const { project, region, zone, zones, machineType } = config;
    const root = `${endpoints.compute}projects/${project}`;
    const [area, whole, ...types] = await Promise.allSettled([
        call("GET", `${root}/regions/${region}`),
        call("GET", root),
        // The VM may be in any of these zones; the `any` list leaves out those without the machine type.
        ...zonesOf(config).map((each) => call("GET", `${root}/zones/${each}/machineTypes/${machineType}`)),
    ]);
    if (area.status === "rejected" && isUnknownLocation(area.reason)) {
        throw new ConfigError([await placeIssue("gcp:region", region, `${root}/regions`, call)]);
    }
    const shapes: MachineShape[] = [];
    for (const [index, type] of types.entries()) {
        const place = zonesOf(config)[index] ?? zone;
        const key = zones.includes(place) ? `${pulumi.getProject()}:zones` : "gcp:zone";
        if (type.status === "rejected") {
            throw isUnknownLocation(type.reason)
                ? new ConfigError([await placeIssue(key, place, `${root}/zones`, call)])
                : type.reason;
        }
        if (type.value === undefined) {
            throw new ConfigError([
                await machineIssue(machineType, place, `${root}/zones/${place}/machineTypes`, call),
            ]);
        }
        shapes.push(shapeOf(type.value));
    }
    await checkGpu(config, root, call);
    const shape = shapes[0] as MachineShape;
    const quotasOf = (answer: PromiseSettledResult<Body | undefined>) =>
        answer.status === "fulfilled" ? (answer.value?.quotas as never[] | undefined) : undefined;
    const issues = quotaIssues(machineOf(config), shape, {
        region: quotasOf(area) ?? [],
        project: quotasOf(whole) ?? [],
        regionName: region,
    });
    if (issues.length > 0) {
        throw new ConfigError(issues.map((issue) => ({ ...issue, key: `${pulumi.getProject()}:${issue.key}` })));
    }
    return shape;
}

/** @throws ConfigError if the zone, or every zone of the region, lacks the GPU; it lists zones that have it */
async function checkGpu(config: Config, root: string, call: Call): Promise<void> {
    const { gpuType, region, zones } = config;
    if (gpuType === "") {
        return;
    }
    const places = zonesOf(config);
    const found = await Promise.all(
        places.map((place) => call("GET", `${root}/zones/${place}/acceleratorTypes/${gpuType}`)),
    );
    const wrong = places[found.indexOf(undefined)];
    if (wrong === undefined) {
        return;
    }
    const having: string[] = [];
    const url = `${root}/aggregated/acceleratorTypes?filter=${encodeURIComponent(`name=${gpuType}`)}`;
    for await (const page of pagesOf({ call }, url)) {
        const scopes = Object.entries((page.items ?? {}) as Record<string, { acceleratorTypes?: Body[] }>);
        having.push(
            ...scopes.flatMap(([zone, { acceleratorTypes = [] }]) => acceleratorTypes.map(() => zone.slice(6))),
        );
    }
    const inRegion = having.filter((zone) => zone.startsWith(`${region}-`));
    if (inRegion.length > 0 && zones.includes("any")) {
        return;
    }
    const isList = zones.includes(wrong);
    const must =
        inRegion.length > 0
            ? `must be ${isList ? "zones" : "a zone"} with ${gpuType}, such as ${inRegion.join(", ")}`
            : `must be in a region with ${gpuType}, which no zone of ${region} has; ${having.slice(0, 4).join(", ")} have it`;
    const [best] = inRegion.length > 0 ? inRegion : having;
    const key = isList && inRegion.length > 0 ? "zones" : "gcp:zone";
    throw new ConfigError([
        {
            key: key === "zones" ? `${pulumi.getProject()}:zones` : key,
            must:
                having.length > 0 ? must : `must be a zone with ${gpuType}, which this project cannot use in any zone`,
            got: wrong,
            fix: best === undefined ? { remove: ["gpuType"] } : { set: [key], value: key === "zones" ? "any" : best },
        },
    ]);
}

/** The zones in which the machine must exist; never empty. */
function zonesOf({ zone, zones }: Config): readonly string[] {
    return zones.length === 0 || zones.includes("any") ? [zone] : zones;
}

/** Describes an unknown region or zone, and suggests one that would work. */
async function placeIssue(key: string, got: string, listUrl: string, call: Call): Promise<ConfigIssue> {
    const names = await namesIn(listUrl, call);
    const region = got.replace(/-[a-z]$/, "");
    const inRegion = names.filter((name) => name.startsWith(`${region}-`));
    const best = inRegion[0] ?? nearest(got, names, 4, (name) => name) ?? names[0] ?? "us-central1-a";
    const offered = inRegion.length > 0 ? `, such as ${inRegion.join(", ")}` : `; did you mean ${best}?`;
    const isRegion = key === "gcp:region";
    const isList = key.endsWith(":zones");
    return {
        key,
        must: `must be ${isRegion ? "a region" : isList ? "zones" : "a zone"} that this project may use${offered}`,
        got,
        fix: isList ? { set: ["zones"], value: "any" } : { set: [key], value: best },
    };
}

/** Describes an unknown machine type, and suggests one that the zone has. */
async function machineIssue(machineType: string, zone: string, listUrl: string, call: Call): Promise<ConfigIssue> {
    const names = await namesIn(listUrl, call);
    const best = nearest(machineType, names, Math.max(3, machineType.length / 3), (name) => name) ?? "e2-standard-2";
    return {
        key: `${pulumi.getProject()}:machineType`,
        must: `must be a machine type available in ${zone}; did you mean ${best}?`,
        got: machineType,
        fix: { set: ["machineType"], value: best },
    };
}

async function namesIn(listUrl: string, call: Call): Promise<string[]> {
    const names: string[] = [];
    let pageToken = "";
    do {
        const page = await call("GET", `${listUrl}?${new URLSearchParams({ maxResults: "500", pageToken })}`);
        names.push(...((page?.items ?? []) as { name: string }[]).map(({ name }) => name));
        pageToken = String(page?.nextPageToken ?? "");
    } while (pageToken !== "");
    return names;
}

/** Google does not say whether a location exists: "Permission denied on 'locations/X' (or it may not exist)". */
function isUnknownLocation(error: unknown): boolean {
    const { message = "", reasons } = apiErrorOf(error);
    return reasons.includes("LOCATION_POLICY_VIOLATED") || /'locations\/[^']+' \(or it may not exist\)/.test(message);
}

function limitIssue({ maxCostUsd }: Config, cost: Cost): ConfigIssue | undefined {
    const key = `${pulumi.getProject()}:maxCostUsd`;
    if (maxCostUsd === 0) {
        return undefined;
    }
    if ("unknown" in cost) {
        return {
            key,
            must: `requires a known price, but the price is unknown because ${cost.unknown}`,
            fix: { remove: ["maxCostUsd"] },
        };
    }
    return cost.worstCaseUsd > maxCostUsd
        ? {
              key,
              must: `must be at least ${formatUsd(cost.worstCaseUsd)}, the maximum cost of this run`,
              got: maxCostUsd,
              fix: { set: ["maxCostUsd"], value: String(Math.ceil(cost.worstCaseUsd)) },
          }
        : undefined;
}

function datasetBytes(dataset: string): number {
    const source = parseDataset(dataset);
    try {
        return source?.kind === "file" ? statSync(source.path).size : 0;
    } catch {
        return 0;
    }
}

/** The median VM time of the runs that were saved in a folder, from their manifests. @param tasks VMs of a run */
function medianHours(folder: string, tasks: number): number | undefined {
    const hours = namesOf(folder)
        .flatMap((run) => {
            try {
                const manifest = JSON.parse(readFileSync(path.join(folder, run, "manifest.json"), "utf8"));
                const { minutes } = manifest?.cost ?? {};
                const seconds = typeof minutes === "number" ? minutes * 60 : manifest?.timings?.seconds * tasks;
                return seconds > 0 ? [seconds / 3600] : [];
            } catch {
                return [];
            }
        })
        .sort((a, b) => a - b);
    return hours[Math.floor(hours.length / 2)];
}

function namesOf(folder: string): string[] {
    try {
        return readdirSync(folder);
    } catch {
        return [];
    }
}

/** Creates the function that sends requests, each of them once. An API that does not respond costs only the price. */
export function callOnce(auth: Pick<Awaited<ReturnType<typeof createAuth>>, "request">): Call {
    return async (method, url) => {
        try {
            const { data } = await auth.request<unknown>({ method, url, timeout: TIMEOUT_MS, retry: false });
            return requireObject(data, `${method} ${url}`);
        } catch (error) {
            if (httpStatusOf(error) === 404 && apiErrorOf(error).code === 404) {
                return undefined;
            }
            throw error;
        }
    };
}

/** The reason why an API cannot be read, with the command that enables it if it is disabled. */
function reasonOf(error: unknown): string {
    const { message = "", reasons } = apiErrorOf(error);
    const service = /([a-z]+)\.googleapis\.com/.exec(reasons)?.[0];
    if (isDisabledApi(error) && service !== undefined) {
        return `the project has not enabled ${service} (gcloud services enable ${service})`;
    }
    return message === "" ? detailOf(error) : message.replace(/\.\s*$/, "");
}
