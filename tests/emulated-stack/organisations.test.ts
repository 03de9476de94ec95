import { parseOrgRules } from "../../emulator/src";
import { startTestEmulator } from "../../emulator/src/testing";
import { tableRows } from "../helpers/markdown";
import { deploy } from "./deployment";

const PAGE = "docs/organisations.md";
const KEY = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/k";

/** The columns of the table on the page, with the config for each. */
const VARIATIONS: readonly Record<string, string>[] = [
    {},
    { machineType: "c4a-standard-4" },
    { machineType: "n1-standard-4", gpuType: "nvidia-tesla-t4", gpuCount: "1" },
    { network: "default", subnetwork: "default" },
    { serviceAccount: "trainer@other-project.iam.gserviceaccount.com" },
];

/** Constraints that every stack satisfies. They are tested together. */
const SATISFIED = {
    "compute.disableSerialPortLogging": true,
    "compute.requireOsLogin": true,
    "compute.vmExternalIpAccess": [],
    "storage.publicAccessPrevention": true,
    "storage.uniformBucketLevelAccess": true,
};

/** The rules for every other row, and the config that the page recommends for stacks that are refused. */
const ROWS: Readonly<Record<string, { rules: object; remedy?: Record<string, string> }>> = {
    "compute.requireShieldedVm": {
        rules: { constraints: { "compute.requireShieldedVm": true } },
        remedy: { secureBoot: "true" },
    },
    "compute.requireVpcFlowLogs": {
        rules: { constraints: { "compute.requireVpcFlowLogs": ["ESSENTIAL"] } },
        remedy: { network: "default", subnetwork: "default" },
    },
    "compute.trustedImageProjects": { rules: { constraints: { "compute.trustedImageProjects": [] } } },
    "gcp.resourceLocations": { rules: { constraints: { "gcp.resourceLocations": ["europe-west4"] } } },
    "gcp.restrictNonCmekServices": {
        rules: {
            constraints: {
                "gcp.restrictNonCmekServices": [
                    "artifactregistry",
                    "compute",
                    "pubsub",
                    "secretmanager",
                    "storage",
                ].map((name) => `${name}.googleapis.com`),
            },
        },
        remedy: { kmsKey: KEY, notify: "https://hooks.example.com/x" },
    },
    "iam.disableServiceAccountCreation": {
        rules: { constraints: { "iam.disableServiceAccountCreation": true } },
        remedy: { serviceAccount: "trainer@other-project.iam.gserviceaccount.com" },
    },
    "storage.softDeletePolicySeconds": {
        rules: { constraints: { "storage.softDeletePolicySeconds": [604_800] } },
        remedy: { softDeleteDays: "7" },
    },
    "quota NETWORKS": {
        rules: { quotas: { NETWORKS: 0 } },
        remedy: { network: "default", subnetwork: "default" },
    },
    "quota CPUS": { rules: { quotas: { CPUS: 1 } } },
    "quota GPUS_ALL_REGIONS": { rules: { quotas: { GPUS_ALL_REGIONS: 0 } } },
    "no capacity in the zone": { rules: { stockOuts: ["us-central1-a"] } },
};

const name = (cell: string | undefined) => (cell ?? "").replaceAll("`", "");
const outcomes = tableRows(PAGE, "constraint");
const sentences = new Map(tableRows(PAGE, "refused by").map((cells) => [name(cells[0]), name(cells[1])]));

describe("docs/organisations.md", () => {
    it("has a row for every constraint, quota and stock-out that is tested", () => {
        const tested = [...Object.keys(SATISFIED), ...Object.keys(ROWS)];
        expect(outcomes.map((cells) => name(cells[0])).sort()).toEqual(tested.sort());
    });

    it("names the constraints that every stack satisfies", async () => {
        const emulator = await startTestEmulator({ org: parseOrgRules(JSON.stringify({ constraints: SATISFIED })) });
        try {
            for (const [index, config] of VARIATIONS.entries()) {
                expect(await deploy({ emulator, project: `project-${index}`, config })).toEqual([]);
            }
        } finally {
            await emulator.stop();
        }
        const rows = outcomes.filter((cells) => name(cells[0]) in SATISFIED);
        expect(rows.flatMap((cells) => cells.slice(1)).filter((cell) => cell !== "works")).toEqual([]);
    });
});

describe.each(Object.entries(ROWS))("an organization with %s", (row, { rules, remedy }) => {
    it("allows the stack, or refuses it before a VM exists, as docs/organisations.md says", async () => {
        const emulator = await startTestEmulator({ org: parseOrgRules(JSON.stringify(rules)) });
        try {
            const found: string[] = [];
            for (const [index, config] of VARIATIONS.entries()) {
                const [failure, ...more] = await deploy({ emulator, project: `project-${index}`, config });
                found.push(failure === undefined ? "works" : "refused");
                if (failure !== undefined) {
                    const sentence = sentences.get(row) ?? "a sentence on the page";
                    expect([failure, ...more].filter((text) => !text.includes(sentence))).toEqual([]);
                    const billed = (await emulator.inventory()).filter(
                        (item) => /instance|disk/.test(item.kind) && item.name.startsWith(`projects/project-${index}/`),
                    );
                    expect(billed).toEqual([]);
                }
                if (failure !== undefined && remedy !== undefined) {
                    const fixed = { ...config, ...remedy };
                    expect(await deploy({ emulator, project: `remedied-${index}`, config: fixed })).toEqual([]);
                }
            }
            expect(found).toEqual(outcomes.find((cells) => name(cells[0]) === row)?.slice(1));
        } finally {
            await emulator.stop();
        }
    });
});
