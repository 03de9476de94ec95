import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { jobNames } from "../../infra/names";
import { systemClock } from "../../run/clients";
import { formatUsd } from "../../run/cost/estimate";
import { bucketPrice, diskPrice, registryPrice } from "../../run/cost/machine-price";
import { type PriceList, readPriceList } from "../../run/cost/price-list";
import { createAuth, readCloudSettings } from "../../run/credentials";
import { httpStatusOf, messageOf } from "../../run/errors";
import { type GoogleApis, openCall, readEndpoints } from "../../run/google-api";
import { findResidue, type Leftover } from "../../run/residue";
import { HELP, readArguments } from "../shared/arguments";
import type { CommandContext } from "../shared/command-context";
import { checkEmulator, explainError } from "../shared/stored-runs/explain-error";
import { askPulumi } from "../shared/stored-runs/pulumi";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

const USAGE = `${commandLine("residue")} lists everything in a stack's Google Cloud project that carries the stack's label or name,
with its monthly cost and the command that removes it. After a destroy, nothing should be left. The command itself changes nothing.

Usage: ${commandLine("residue", "[options]")}

  -s, --stack STACK   the stack; default: the selected one (npx pulumi stack ls)
  --help              this text

The exit status is 0 if nothing is left, and 1 otherwise.`;

/** The name of the `TrainingJob` in index.ts. */
const COMPONENT = "trainer";

/**
 * Implements `npm run residue`.
 *
 * @returns the exit status: 0 if nothing is left
 * @throws UsageError for a problem with the command line, the stack's config, or credentials
 */
export async function showResidue(args: string[], context: CommandContext): Promise<number> {
    const { print } = context;
    const { values } = readArguments(args, {
        help: commandLine("residue", "--help"),
        options: { stack: { type: "string", short: "s" }, ...HELP },
    });
    if (values.help) {
        print(USAGE);
        return 0;
    }
    const { apis, project, region, stack, settings } = await openStack(values.stack, context);
    await checkEmulator(settings);
    const names = jobNames({ project, pulumiProject: projectName(context.projectDir), stack, component: COMPONENT });
    const { found, disabled } = await listResidue(apis, { project, region, names }).catch((error: unknown) => {
        const denied = httpStatusOf(error) === 403;
        throw denied
            ? new UsageError(
                  `Not everything in project ${project} can be listed: ${messageOf(error)} (roles/viewer on the project)`,
              )
            : explainError(error, names.bucket, settings);
    });
    for (const api of disabled.sort()) {
        print(`not checked: project ${project} has disabled ${api}`);
    }
    if (found.length === 0) {
        print(`nothing is left of stack ${stack} in project ${project}`);
        return 0;
    }
    const prices = await readPriceList(apis.call, apis.endpoints.billing, region, Date.now()).catch(messageOf);
    for (const line of residueLines(found, prices)) {
        print(line);
    }
    return 1;
}

/**
 * The lines that describe the resources that are left, with their cost.
 * @param prices the price list, or the reason why there is none
 */
export function residueLines(found: readonly Leftover[], prices: PriceList | string): string[] {
    const costs = found.map((one) => (typeof prices === "string" ? undefined : monthlyUsd(one, prices)));
    const lines = found.flatMap(({ kind, name, detail, removal }, index) => {
        const usd = costs[index];
        const cost = usd === undefined ? ", cost unknown" : usd === 0 ? ", free" : `, ${formatUsd(usd)} a month`;
        return [`${kind} ${name}${detail === "" ? "" : ` (${detail})`}${cost}`, `  ${removal}`];
    });
    const total = costs.reduce<number>((sum, usd) => sum + (usd ?? 0), 0);
    const what = found.length === 1 ? "1 resource is left" : `${found.length} resources are left`;
    if (typeof prices === "string") {
        return [...lines, `${what}; their cost is unknown, because ${prices}`];
    }
    const example = prices.isReal ? "" : " (example amounts from the emulator)";
    const running = found.some(({ isRunning }) => isRunning) ? ", plus the price of a running VM" : "";
    const unknown = costs.includes(undefined) ? ", plus resources of unknown cost" : "";
    return [...lines, `${what}: ${formatUsd(total)} a month${running}${unknown}${example}`];
}

/** The monthly cost of a resource's storage; undefined if its size or price is unknown. */
function monthlyUsd({ gib, isUnpriced }: Leftover, { prices }: PriceList): number | undefined {
    const { disk } = gib;
    if (isUnpriced) {
        return undefined;
    }
    try {
        const ofDisk =
            disk === undefined
                ? 0
                : diskPrice(prices, {
                      type: "",
                      spot: false,
                      gpuType: "",
                      gpuCount: 0,
                      diskType: disk.type,
                      diskSizeGb: disk.gib,
                  });
        const ofBucket = gib.bucket === undefined ? 0 : gib.bucket * bucketPrice(prices);
        return ofDisk + ofBucket + (gib.registry === undefined ? 0 : gib.registry * registryPrice(prices));
    } catch {
        return undefined;
    }
}

async function listResidue(
    apis: GoogleApis,
    { project, region, names }: { project: string; region: string; names: ReturnType<typeof jobNames> },
): ReturnType<typeof findResidue> {
    return await findResidue(apis, {
        project,
        region,
        label: names.label,
        bucket: names.bucket,
        account: names.account,
        instancePrefix: names.instance("r-"),
        jobPrefix: names.batchJob("r-"),
    });
}

/** Reads the stack's config, which remains after `pulumi destroy`, and opens the APIs that it names. */
async function openStack(stackName: string | undefined, { projectDir, packageDir, env }: CommandContext) {
    const stackArgs = stackName === undefined ? [] : ["--stack", stackName];
    const pulumi = { folder: projectDir, env, packageDir };
    const config = await askPulumi<Record<string, { value?: string }>>(
        ["config", "--json", "--show-secrets", ...stackArgs],
        pulumi,
    );
    const selected =
        stackName ??
        (await askPulumi<{ name: string; current: boolean }[]>(["stack", "ls", "--json"], pulumi)).find(
            ({ current }) => current,
        )?.name;
    if (selected === undefined) {
        throw new UsageError("No stack is selected (choose one: -s STACK; npx pulumi stack ls lists the stacks)");
    }
    const configured = (key: string) => config[key]?.value;
    const zone = configured("gcp:zone") ?? env.GOOGLE_ZONE ?? "";
    const project = configured("gcp:project") ?? env.GOOGLE_PROJECT ?? "";
    const region = configured("gcp:region") ?? (zone === "" ? (env.GOOGLE_REGION ?? "") : zone.replace(/-[^-]+$/, ""));
    if (project === "" || region === "") {
        throw new UsageError(
            `The config of stack ${selected} must name a project and a zone (npx pulumi config set gcp:project PROJECT -s ${selected})`,
        );
    }
    const settings = readCloudSettings(configured, env);
    const clock = systemClock();
    const apis = {
        call: openCall(await createAuth(settings), clock),
        endpoints: readEndpoints(configured, env, settings),
        clock,
    };
    return { apis, project, region, stack: selected.split("/").at(-1) ?? selected, settings };
}

function projectName(projectDir: string): string {
    const { name } = parse(readFileSync(path.join(projectDir, "Pulumi.yaml"), "utf8")) as { name: string };
    return name;
}
