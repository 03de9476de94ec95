import type { BucketClient, Print } from "./clients";
import { systemClock } from "./clients";
import { createAuth, readCloudSettings } from "./credentials";
import { type Body, type Call, isDisabledApi, openCall, readEndpoints } from "./google-api";
import { openBucket } from "./google-bucket";
import { runLayout } from "./layout";
import { pagesOf } from "./owned-resources";
import { isClaimed, isTerminal, parseObject, type RunStatus } from "./status";
import { terminalText } from "./terminal-text";
import { attemptsLeft, readStatus } from "./transitions";
import { isStockOut } from "./vm-retry";

/** The zone and the provisioning of a VM that exists or is planned. */
export interface VmPlace {
    zone: string;
    spot: boolean;
    /** The scheduling of a finished run's VM. Any other would replace the VM with one that has nothing to do. */
    kept?: { onHostMaintenance: string; maxRunSeconds: number };
}

/** A VM that is about to be declared. */
export interface VmPlan {
    project: string;
    name: string;
    /** The stack's zone. */
    zone: string;
    /** Zones in order of preference; `any` for every zone in the region; empty for the stack's zone. */
    zones: readonly string[];
    machineType: string;
    /** A GPU that is attached to the machine; `""` for none. */
    gpuType: string;
    spot: boolean;
    /** `standard` if the last attempt uses a standard VM. */
    spotFallback: string;
    maxAttempts: number;
    bucket: string;
    runId: string;
}

interface FoundVm extends VmPlace {
    isOff: boolean;
}

interface Cloud {
    call: Call;
    /** URL of the project in the Compute Engine API. */
    root: string;
    bucket: BucketClient;
    print: Print;
}

/**
 * Chooses the zone and the provisioning of a run's VM before it is declared. A VM that is on, or whose run is finished,
 * stays where it is. Otherwise, a zone that was out of stock when it was last asked to start this VM comes last, and
 * the last attempt of a run with `spotFallback` uses a standard VM.
 * @param config returns the value of a key such as `gcp:accessToken`
 * @param looks false to send requests only for a plan that leaves a choice
 */
export async function choosePlace(
    config: (key: string) => string | undefined,
    plan: VmPlan,
    looks: boolean,
): Promise<VmPlace> {
    const { zone, zones, spot, spotFallback } = plan;
    const wanted = { zone: zones[0] === undefined || zones[0] === "any" ? zone : zones[0], spot };
    const hasChoice = zones.length > 1 || zones[0] === "any" || (spot && spotFallback === "standard");
    if (!looks && !hasChoice) {
        return wanted;
    }
    try {
        const settings = readCloudSettings(config, process.env);
        const auth = await createAuth(settings);
        const clock = systemClock();
        const { compute } = readEndpoints(config, process.env, settings);
        const cloud = {
            call: openCall(auth, clock),
            root: `${compute}projects/${plan.project}`,
            bucket: openBucket(plan.bucket, settings, auth, clock),
            print: (line: string) => console.log(terminalText(line)),
        };
        return await placeIn(cloud, plan, wanted, hasChoice);
    } catch (error) {
        // Without a choice, the update itself reports the problem. With a choice, a wrong guess could replace a VM.
        if (hasChoice && !isDisabledApi(error)) {
            throw error;
        }
        return wanted;
    }
}

async function placeIn(cloud: Cloud, plan: VmPlan, wanted: VmPlace, hasChoice: boolean): Promise<VmPlace> {
    const status = (await readStatus(cloud.bucket, plan.runId))?.status;
    if (status?.state === "SUCCEEDED") {
        const vm = await findVm(cloud, plan);
        return vm === undefined ? ((await placeInManifest(cloud, plan)) ?? wanted) : vm;
    }
    if (!hasChoice) {
        return wanted;
    }
    const vm = await findVm(cloud, plan);
    // No new attempt starts after a failure until that failure has been reported.
    const isReported = status === undefined || !isTerminal(status.state) || status.reported;
    if (vm !== undefined && (!vm.isOff || !isReported)) {
        return { zone: vm.zone, spot: vm.spot };
    }
    const zone = await chooseZone(cloud, plan, vm?.zone);
    const isLast = plan.spotFallback === "standard" && isLastAttempt(status, plan.maxAttempts);
    return { zone, spot: wanted.spot && !isLast };
}

/** True if the next attempt of an unfinished run is the last one. */
function isLastAttempt(status: RunStatus | undefined, maxAttempts: number): boolean {
    if (status === undefined || isTerminal(status.state)) {
        return false;
    }
    // The VM is off, so an attempt that seems to be in progress has been interrupted.
    const state = isClaimed(status.state) ? "INTERRUPTED" : status.state;
    return attemptsLeft({ ...status, state }, maxAttempts) <= 1;
}

/** Finds the VM in the region of the plan. */
async function findVm({ call, root }: Cloud, { name, zone }: VmPlan): Promise<FoundVm | undefined> {
    const url = `${root}/aggregated/instances?filter=${encodeURIComponent(`name=${name}`)}`;
    for await (const page of pagesOf({ call }, url)) {
        const scopes = Object.values((page.items ?? {}) as Record<string, { instances?: Body[] }>);
        for (const vm of scopes.flatMap(({ instances = [] }) => instances)) {
            const found = vmOf(vm);
            if (regionOf(found.zone) === regionOf(zone)) {
                return found;
            }
        }
    }
    return undefined;
}

function vmOf({ zone, status, scheduling }: Body): FoundVm {
    const { provisioningModel, onHostMaintenance, maxRunDuration } = (scheduling ?? {}) as Record<string, unknown>;
    const { seconds } = (maxRunDuration ?? {}) as { seconds?: string };
    return {
        zone: lastOf(zone),
        spot: provisioningModel === "SPOT",
        isOff: ["TERMINATED", "STOPPED", "SUSPENDED"].includes(String(status)),
        ...(seconds === undefined
            ? {}
            : { kept: { onHostMaintenance: String(onHostMaintenance), maxRunSeconds: Number(seconds) } }),
    };
}

/** The place of a finished run whose VM no longer exists. */
async function placeInManifest({ bucket }: Cloud, { runId, zone }: VmPlan): Promise<VmPlace | undefined> {
    const object = await bucket.stat(runLayout(runId).manifest);
    const content = object && (await bucket.read(object));
    const { machine } = parseObject(content?.toString("utf8") ?? "") ?? {};
    const found = (machine ?? {}) as { zone?: unknown; provisioning?: unknown };
    return typeof found.zone === "string" && regionOf(found.zone) === regionOf(zone)
        ? { zone: found.zone, spot: found.provisioning === "spot" }
        : undefined;
}

/** The VM's zone or, if that zone is out of stock, the first one that is not. @param current the VM's zone */
async function chooseZone(cloud: Cloud, plan: VmPlan, current: string | undefined): Promise<string> {
    const zones = await candidates(cloud, plan);
    const failed = await Promise.all(zones.map(async (zone) => ({ zone, at: await stockOutAt(cloud, zone, plan) })));
    const isFine = ({ zone, at }: { zone: string; at: number }) => zone === current && at === 0;
    const best = failed.find(isFine) ?? [...failed].sort((a, b) => a.at - b.at)[0];
    const [first] = failed;
    if (best === undefined || first === undefined) {
        return plan.zone;
    }
    if (best.zone !== first.zone && first.at > 0) {
        const when = new Date(first.at).toISOString();
        cloud.print(`${first.zone} had no capacity for the VM ${plan.name} at ${when}; it will be in ${best.zone}`);
    }
    return best.zone;
}

/** The zones of a plan, in order of preference; for `any`, the zones that have the machine and its GPU. */
async function candidates({ call, root }: Cloud, { zone, zones, machineType, gpuType }: VmPlan): Promise<string[]> {
    if (!zones.includes("any")) {
        return zones.length === 0 ? [zone] : [...zones];
    }
    const region = await call("GET", `${root}/regions/${regionOf(zone)}`);
    const others = ((region?.zones ?? []) as string[]).map(lastOf).filter((other) => other !== zone);
    const offers = async (other: string) => {
        const parts = [`machineTypes/${machineType}`, ...(gpuType === "" ? [] : [`acceleratorTypes/${gpuType}`])];
        const found = await Promise.all(parts.map((part) => call("GET", `${root}/zones/${other}/${part}`)));
        return !found.includes(undefined);
    };
    const all = [zone, ...others];
    const offered = await Promise.all(all.map(offers));
    return all.filter((_, index) => offered[index]);
}

/**
 * The time, in milliseconds since 1970, at which a zone was last asked to start this VM, if it was then out of stock;
 * otherwise 0. https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/list
 */
async function stockOutAt({ call, root }: Cloud, zone: string, { name }: VmPlan): Promise<number> {
    const filter = encodeURIComponent(`targetLink eq ".*/instances/${name}"`);
    const starts: { at: number; isOut: boolean }[] = [];
    for await (const page of pagesOf({ call }, `${root}/zones/${zone}/operations?filter=${filter}`)) {
        for (const { operationType, insertTime, error } of (page.items ?? []) as Body[]) {
            if (["insert", "start", "resume"].includes(String(operationType))) {
                const { errors = [] } = (error ?? {}) as { errors?: { code?: string }[] };
                const isOut = errors.some(({ code = "" }) => isStockOut(code));
                starts.push({ at: Date.parse(String(insertTime)), isOut });
            }
        }
    }
    const last = starts.sort((a, b) => a.at - b.at).at(-1);
    return last?.isOut ? last.at : 0;
}

function regionOf(zone: string): string {
    return zone.replace(/-[^-]+$/, "");
}

function lastOf(link: unknown): string {
    return String(link).split("/").at(-1) ?? "";
}
