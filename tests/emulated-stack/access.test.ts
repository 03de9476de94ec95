import type { Answer } from "../../emulator/src/testing";
import { isGoogles } from "../../emulator/test/contract/judge";
import { describeWithPython, runPython } from "../../emulator/test/contract/python";
import { allRoutes } from "../../emulator/test/http/routes";
import { cloudConfig, TestInstance } from "../../emulator/test/vm/support";
import { type DeclaredStack, declareJob } from "../infra/declared-stack";
import { GrantedStack, PROJECT_ID, ZONE } from "./granted-stack";
import { example } from "./route-examples";

let declared: DeclaredStack;
let stack: GrantedStack;

beforeAll(async () => {
    declared = await declareJob();
    stack = await GrantedStack.start(declared, 0);
});
afterAll(() => stack.emulator.stop());

const upload = (name: string, bucket = stack.bucket) =>
    stack.asTrainer("POST", `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`, "x");
const ofRun = (name: string) => `runs/${stack.runId}/${name}`;
const object = (name: string, bucket = stack.bucket) => stack.emulator.objectPath(bucket, name);
const image = (repository: string) => `/v2/${PROJECT_ID}/${repository}/trainer`;
const logs = (project = PROJECT_ID) => ({
    logName: `projects/${project}/logs/trainer`,
    entries: [{ textPayload: "epoch 1" }],
});

describe("the trainer's account, with the grants that the program declares,", () => {
    it.each<[string, () => Promise<Answer>]>([
        ["list the objects in its bucket", () => stack.asTrainer("GET", `/storage/v1/b/${stack.bucket}/o`)],
        ["read its bucket's settings", () => stack.asTrainer("GET", `/storage/v1/b/${stack.bucket}`)],
        ["read the dataset", () => stack.asTrainer("GET", `${object("data/iris.csv")}?alt=media`)],
        ["read its run's objects", () => stack.asTrainer("GET", `${object(ofRun("status.json"))}?alt=media`)],
        ["write its run's objects", () => upload(ofRun("model/model.json"))],
        ["overwrite its run's objects", () => upload(ofRun("model/model.json"))],
        ["delete its run's objects", () => stack.asTrainer("DELETE", object(ofRun("model/model.json")))],
        ["pull its image", () => stack.asTrainer("GET", `${image(stack.repository)}/manifests/latest`)],
        ["write log entries", () => stack.asTrainer("POST", "/v2/entries:write", logs())],
    ])("can %s", async (_, call) => {
        const answer = await call();
        expect([answer.status, answer.status < 300 ? "" : answer.text]).toEqual([expect.any(Number), ""]);
    });

    it("learns that an object does not exist, instead of being denied access", async () => {
        expect((await stack.asTrainer("GET", object(ofRun("none.json")))).status).toBe(404);
    });

    describe("cannot do anything else with Cloud Storage:", () => {
        const rewrite = (from: string, to: string) =>
            stack.asTrainer("POST", `${object(from)}/rewriteTo/b/${stack.bucket}/o/${encodeURIComponent(to)}`, {});
        it.each<[string, string, "object" | "bucket" | "project", () => Promise<Answer>]>([
            [
                "read outside its prefixes",
                "objects.get",
                "object",
                () => stack.asTrainer("GET", object("other/secret")),
            ],
            ["write to data/", "objects.create", "object", () => upload("data/more.csv")],
            ["overwrite the dataset", "objects.create", "object", () => upload("data/iris.csv")],
            [
                "delete the dataset",
                "objects.delete",
                "object",
                () => stack.asTrainer("DELETE", object("data/iris.csv")),
            ],
            ["write at the top level", "objects.create", "object", () => upload("runs")],
            [
                "copy its run's objects elsewhere",
                "objects.create",
                "object",
                () => rewrite(ofRun("status.json"), "data/x"),
            ],
            ["read another run", "objects.get", "object", () => stack.asTrainer("GET", object("runs/r-1/status.json"))],
            ["overwrite another run", "objects.create", "object", () => upload("runs/r-1/status.json")],
            ["copy a secret into its run", "objects.get", "object", () => rewrite("other/secret", ofRun("x"))],
            [
                "change its bucket",
                "buckets.update",
                "bucket",
                () => stack.asTrainer("PATCH", `/storage/v1/b/${stack.bucket}`, {}),
            ],
            [
                "delete its bucket",
                "buckets.delete",
                "bucket",
                () => stack.asTrainer("DELETE", `/storage/v1/b/${stack.bucket}`),
            ],
            [
                "read the policy",
                "buckets.getIamPolicy",
                "bucket",
                () => stack.asTrainer("GET", `/storage/v1/b/${stack.bucket}/iam`),
            ],
            [
                "set the policy",
                "buckets.setIamPolicy",
                "bucket",
                () => stack.asTrainer("PUT", `/storage/v1/b/${stack.bucket}/iam`, {}),
            ],
            [
                "list another bucket",
                "objects.list",
                "bucket",
                () => stack.asTrainer("GET", "/storage/v1/b/other-bucket/o"),
            ],
            [
                "read another bucket",
                "objects.get",
                "object",
                () => stack.asTrainer("GET", object("data/iris.csv", "other-bucket")),
            ],
            ["write to another bucket", "objects.create", "object", () => upload("runs/x", "other-bucket")],
            [
                "list buckets",
                "buckets.list",
                "project",
                () => stack.asTrainer("GET", `/storage/v1/b?project=${PROJECT_ID}`),
            ],
            [
                "create a bucket",
                "buckets.create",
                "project",
                () => stack.asTrainer("POST", `/storage/v1/b?project=${PROJECT_ID}`, { name: "own-bucket" }),
            ],
        ])("cannot %s", async (_, permission, what, call) => {
            const answer = await call();
            const place = what === "project" ? "the Google Cloud project" : `the Google Cloud Storage ${what}`;
            const message =
                `${stack.email} does not have storage.${permission} access to ${place}. ` +
                `Permission 'storage.${permission}' denied on resource (or it may not exist).`;
            expect([answer.status, answer.json]).toEqual([
                403,
                { error: { code: 403, message, errors: [{ message, domain: "global", reason: "forbidden" }] } },
            ]);
        });
    });

    describe("cannot do anything else with images:", () => {
        it.each<[string, string, () => Promise<Answer>]>([
            [
                "pull from another repository",
                "downloadArtifacts",
                () => stack.asTrainer("GET", `${image("others")}/manifests/latest`),
            ],
            [
                "push to its own repository",
                "uploadArtifacts",
                () => stack.asTrainer("POST", `${image(stack.repository)}/blobs/uploads/`),
            ],
            [
                "delete from its own repository",
                "deleteArtifacts",
                () => stack.asTrainer("DELETE", `${image(stack.repository)}/manifests/latest`),
            ],
        ])("cannot %s", async (_, permission, call) => {
            const answer = await call();
            const message = expect.stringContaining(`Permission "artifactregistry.repositories.${permission}" denied`);
            expect([answer.status, answer.json]).toEqual([403, { errors: [{ code: "DENIED", message }] }]);
        });

        it("cannot delete its repository", async () => {
            const name = `projects/${PROJECT_ID}/locations/us-central1/repositories/${stack.repository}`;
            const answer = await stack.asTrainer("DELETE", `/v1/${name}`);
            const permission = "artifactregistry.repositories.delete";
            expect(answer.json).toEqual(
                refusal(
                    `Permission '${permission}' denied on resource '//artifactregistry.googleapis.com/${name}' (or it may not exist).`,
                    { domain: "artifactregistry.googleapis.com", permission, resource: name },
                ),
            );
        });
    });

    it("cannot write log entries to another project or read any", async () => {
        const other = await stack.asTrainer("POST", "/v2/entries:write", logs("other-project"));
        const permission = "logging.logEntries.create";
        expect(other.json).toEqual(
            refusal(`Permission '${permission}' denied on resource (or it may not exist).`, {
                domain: "iam.googleapis.com",
                permission,
                resource: "projects/other-project",
            }),
        );
        const resourceNames = [`projects/${PROJECT_ID}`];
        expect((await stack.asTrainer("POST", "/v2/entries:list", { resourceNames })).status).toBe(403);
    });

    it("cannot stop its own VM", async () => {
        const answer = await stack.asTrainer("POST", `/compute/v1/${ZONE}/instances/vm/stop`);
        const message = `Required 'compute.instances.stop' permission for '${ZONE}/instances/vm'`;
        expect(answer.json).toEqual({
            error: { code: 403, message, errors: [{ message, domain: "global", reason: "forbidden" }] },
        });
    });

    it("cannot read the project's policy", async () => {
        const answer = await stack.asTrainer("POST", `/v1/projects/${PROJECT_ID}:getIamPolicy`);
        expect(answer.json).toEqual({
            error: { code: 403, message: "The caller does not have permission", status: "PERMISSION_DENIED" },
        });
    });

    it("is denied access to resources other than its own by every route in Google's APIs", async () => {
        const answered: string[] = [];
        const routes = allRoutes().filter(({ pattern }) => isGoogles(pattern));
        for (const { method, pattern } of routes.filter((one) => !OPEN.test(`${one.method} ${one.pattern}`))) {
            const { target, body } = example(method, pattern);
            const { status } = await stack.asTrainer(method, target, body);
            if (status !== 403) {
                answered.push(`${method} ${pattern}: ${status}`);
            }
        }
        expect(answered).toEqual([]);
    });
});

describe.each([
    ["roles/owner", /./],
    ["roles/compute.admin", /./],
    ["roles/compute.instanceAdmin.v1", /\/instances|\/disks|\/operations\/|^GET/],
    ["roles/compute.networkAdmin", /\/networks|\/subnetworks|\/operations\/|^GET/],
    [
        "roles/compute.securityAdmin",
        /\/firewalls|\/operations|updateShielded|^GET .*\/(networks|subnetworks)|^GET [^:]*:version\/projects\/:project$/,
    ],
    ["roles/compute.viewer", /\/operations\/|^GET/],
])("an account with %s", (role, own) => {
    it("can use only the Compute Engine methods that the role allows", async () => {
        const account = await stack.makeAccount(role);
        const wrong: string[] = [];
        const routes = allRoutes().filter(({ pattern }) => pattern.startsWith("/compute/"));
        for (const { method, pattern } of routes.filter((one) => !OPEN.test(`${one.method} ${one.pattern}`))) {
            const { target, body } = example(method, pattern);
            const { status } = await stack.as(account, method, target, body);
            if ((status === 403) === own.test(`${method} ${pattern}`)) {
                wrong.push(`${method} ${pattern}: ${status}`);
            }
        }
        expect(wrong).toEqual([]);
    });
});

describeWithPython("google-cloud-storage (Python) on a VM", () => {
    it("finds its account through the metadata server, and needs nothing else to do the trainer's work", async () => {
        // The endpoint is known only inside the VM, so the VM prints it.
        const vm = await TestInstance.create(
            stack.emulator,
            "python",
            cloudConfig({}, 'echo "control $EMULATOR_VM_CONTROL"'),
            {
                serviceAccounts: [
                    { email: stack.email, scopes: ["https://www.googleapis.com/auth/devstorage.read_write"] },
                ],
            },
        );
        const endpoint = /control (http:\/\/[^/]+)/.exec(await vm.untilSerial("control http"))?.[1] ?? "";
        const results = await runPython<object>("storage_vm.py", [stack.bucket, ofRun("python")], {
            STORAGE_EMULATOR_HOST: endpoint,
            GCE_METADATA_HOST: new URL(endpoint).host,
            GCE_METADATA_IP: new URL(endpoint).host,
        });
        expect(results).toEqual({
            account: [stack.email, "demo-project", true],
            names: ["data/iris.csv", "other/secret", ofRun("status.json"), "runs/r-1/status.json"].sort(),
            dataset: "data/iris.csv",
            written: [412, "second", false],
            refused: [403, 403, 403],
        });
    });
});

describe("grants that are delayed", () => {
    it("have no effect at first, and all take effect after the delay", async () => {
        const delayMs = 600_000;
        const delayed = await GrantedStack.start(declared, delayMs);
        const statuses = async () => {
            const answers = [
                await delayed.asTrainer("GET", `/storage/v1/b/${delayed.bucket}/o`),
                await delayed.asTrainer("GET", delayed.emulator.objectPath(delayed.bucket, "data/iris.csv")),
                await delayed.asTrainer("GET", `${image(delayed.repository)}/manifests/latest`),
                await delayed.asTrainer("POST", "/v2/entries:write", logs()),
            ];
            return answers.map(({ status }) => status);
        };
        const before = await statuses();
        const later = Date.now() + delayMs;
        const clock = jest.spyOn(Date, "now").mockImplementation(() => later);
        const after = await statuses();
        clock.mockRestore();
        await delayed.emulator.stop();
        expect(before).toEqual([403, 403, 403, 403]);
        expect(after).toEqual([200, 200, 200, 200]);
    });
});

/** Builds a 403 response from the newer APIs: https://google.aip.dev/193 */
function refusal(message: string, info: { domain: string; permission: string; resource: string }): object {
    const { domain, ...metadata } = info;
    const type = "type.googleapis.com/google.rpc.ErrorInfo";
    const details = [{ "@type": type, reason: "IAM_PERMISSION_DENIED", domain, metadata }];
    return { error: { code: 403, message, status: "PERMISSION_DENIED", details } };
}

/**
 * Routes that are open to everyone, as on Google Cloud: checking your own permissions, public images, the secret URI of
 * an upload, an operation with an unguessable name, and the price lists.
 */
const OPEN =
    /testPermissions$|:testIamPermissions$|^GET .*\/global\/images\/|^(PUT|DELETE) \/upload\/|^GET \/v1\/operations\/|^GET \/v1\/services(\/:service\/skus)?$/;
