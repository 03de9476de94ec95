import { mintToken } from "../../emulator/src/iam/tokens";
import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { requireRoles } from "../../run/deployer-roles";
import { tableRows } from "../helpers/markdown";
import { deploy } from "./deployment";

/** Everything for which the deployer needs a role. */
const CONFIG = { debugMinutes: "10", env: '{"API_KEY":"for the trainer"}', notify: "https://example.com/" };
const SECRET_KEYS = ["env"];
const NEEDS = {
    vm: true,
    batch: true,
    apis: true,
    account: true,
    network: true,
    firewall: true,
    secrets: true,
    topic: true,
};

const documented = tableRows("docs/roles.md", "role").flatMap(([cell = ""]) =>
    [...cell.matchAll(/`(?<role>roles\/[\w.]+)`/g)].map((match) => match.groups?.role ?? ""),
);

let emulator: TestEmulator;
let projects = 0;

beforeAll(async () => {
    emulator = await startTestEmulator();
});
afterAll(() => emulator.stop());

/** A new project with an account that has these roles, and the account's access token. */
async function projectWith(roles: readonly string[]): Promise<{ project: string; token: string }> {
    projects += 1;
    const project = `deployed-${projects}`;
    const accountId = "deployer";
    const email = `${accountId}@${project}.iam.gserviceaccount.com`;
    await emulator.ok("POST", `/v1/projects/${project}/serviceAccounts`, { body: { accountId } });
    const bindings = roles.map((role) => ({ role, members: [`serviceAccount:${email}`] }));
    await emulator.ok("POST", `/v1/projects/${project}:setIamPolicy`, { body: { policy: { version: 3, bindings } } });
    return { project, token: mintToken(email).accessToken };
}

function check({ project, token }: { project: string; token: string }, needs: typeof NEEDS): Promise<void> {
    const config: Record<string, string> = {
        "gcp:accessToken": token,
        "gcp:resourceManagerCustomEndpoint": `${emulator.url}/v1/`,
    };
    return requireRoles(project, needs, (key) => config[key]);
}

const deployAs = (deployer: { project: string; token: string }) =>
    deploy({ emulator, ...deployer, config: CONFIG, secretKeys: SECRET_KEYS });

describe("a deployer with exactly the roles in docs/roles.md", () => {
    it("can create everything", async () => {
        expect(documented.length).toBeGreaterThan(8);
        const deployer = await projectWith(documented);

        expect(await deployAs(deployer)).toEqual([]);
        await expect(check(deployer, NEEDS)).resolves.toBeUndefined();
    });

    it.each(documented)("learns before anything is created that %s is missing", async (role) => {
        const deployer = await projectWith(documented.filter((one) => one !== role));

        // This stack trains on a VM, so it creates no Batch job.
        const isNeeded = role !== "roles/batch.jobsEditor";
        expect((await deployAs(deployer)).length > 0).toBe(isNeeded);
        await expect(check(deployer, NEEDS)).rejects.toThrow(
            `must have one more role on the project ${deployer.project}: ${role} (`,
        );
    });

    it("needs only the roles for the resources that the stack creates", async () => {
        const deployer = await projectWith([
            "roles/storage.admin",
            "roles/artifactregistry.admin",
            "roles/compute.instanceAdmin.v1",
        ]);
        const none = {
            vm: true,
            batch: false,
            apis: false,
            account: false,
            network: false,
            firewall: false,
            secrets: false,
            topic: false,
        };

        await expect(check(deployer, none)).resolves.toBeUndefined();
        await expect(check(deployer, { ...none, network: true, firewall: true })).rejects.toThrow(
            "must have 2 more roles on the project " +
                `${deployer.project}: roles/compute.networkAdmin (compute.networks.create, compute.subnetworks.create), ` +
                "roles/compute.securityAdmin (compute.firewalls.create). Nothing has been created.",
        );
    });

    it("can skip the check if a condition hides the permissions", async () => {
        const deployer = await projectWith([]);
        process.env.SKIP_ROLE_CHECK = "1";
        try {
            await expect(check(deployer, NEEDS)).resolves.toBeUndefined();
        } finally {
            delete process.env.SKIP_ROLE_CHECK;
        }
    });
});
