import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "../../infra/config";
import { ConfigError, pulumiCommand, renderIssue } from "../../infra/config/issues";
import { ROWS } from "../../infra/config/keys";
import { filesOf } from "../../infra/config/project-files";
import { runId } from "../../infra/run-id";
import { TrainingJob } from "../../infra/training-job";
import { type DeclaredStack, declareJob, declareStack, PROJECT_DIR, resource, secret } from "./declared-stack";
import { BASE, LABELS, MEMBER, RUN_ID } from "./expected-stack";

const CANARY = "canary-7f3a";
const ROLE = "roles/secretmanager.secretAccessor";
const SECRET = "gcp:secretmanager/secret:Secret";
const VERSION = "gcp:secretmanager/secretVersion:SecretVersion";
const GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember";
const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";
const EXISTING = "projects/other-project/secrets/api-key/versions/3";

const all = (stack: DeclaredStack, type: string) => stack.resources.filter((one) => one.type === type);
const inputsOf = (stack: DeclaredStack, type: string) => all(stack, type).map(({ inputs }) => inputs);
const runOf = (stack: DeclaredStack) => resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun").inputs;

function scopesOf(stack: DeclaredStack): string[] {
    const { serviceAccount } = resource(stack, "gcp:compute/instance:Instance").inputs;
    return (serviceAccount as { scopes: string[] }).scopes;
}

/** The names and values that the boot script reads, in alternation. */
function bootValues(stack: DeclaredStack): string[] {
    const { metadata } = resource(stack, "gcp:compute/instance:Instance").inputs;
    const userData = (metadata as Record<string, string>)["user-data"] ?? "";
    const encoded = /path: \/etc\/gcp-trainer\/config\n(?: {4}.*\n)*? {4}content: (.*)/.exec(userData)?.[1] ?? "";
    return Buffer.from(encoded, "base64").toString().split("\0");
}

describe("a stack without secrets", () => {
    it("has no resource, API or scope for secrets, and keeps the run id that it had before secrets were supported", async () => {
        const stack = await declareJob({ env: JSON.stringify({ LEVEL: "debug" }) });
        expect(stack.resources.filter(({ type, name }) => `${type} ${name}`.includes("secret"))).toEqual([]);
        expect(scopesOf(stack)).not.toContain(CLOUD_PLATFORM);
        expect(runOf(await declareJob()).runId).toBe(RUN_ID);
    });

    it("may have an empty secret env", async () => {
        const stack = await declareJob({ env: "{}" }, ["env"]);
        expect([runOf(stack).runId, scopesOf(stack).includes(CLOUD_PLATFORM)]).toEqual([RUN_ID, false]);
    });
});

describe("a secret env", () => {
    let stack: DeclaredStack;

    beforeAll(async () => {
        stack = await declareJob({ env: JSON.stringify({ API_KEY: CANARY, LEVEL: "debug" }) }, ["env"]);
    });

    it("becomes one secret with one version per entry, in the stack's region and with its labels", () => {
        expect(inputsOf(stack, SECRET)).toEqual(
            ["API_KEY", "LEVEL"].map((variable) => ({
                project: "my-project",
                secretId: `${BASE}-${variable}`,
                labels: LABELS,
                replication: { userManaged: { replicas: [{ location: "us-central1" }] } },
            })),
        );
        expect(resource(stack, VERSION, "trainer-secrets-API_KEY-value").inputs).toEqual({
            secret: "trainer-secrets-API_KEY-id",
            secretData: secret(CANARY),
        });
    });

    it("lets the VM's account access these secrets, and gives the VM the required scope", () => {
        expect(inputsOf(stack, GRANT)).toEqual(
            ["API_KEY", "LEVEL"].map((variable) => ({
                project: "my-project",
                secretId: `${BASE}-${variable}`,
                role: ROLE,
                member: MEMBER,
            })),
        );
        expect(scopesOf(stack).filter((scope) => scope === CLOUD_PLATFORM)).toHaveLength(1);
        const api = resource(stack, "gcp:projects/service:Service", "trainer-apis-secretmanager");
        expect(api.inputs).toMatchObject({ service: "secretmanager.googleapis.com", disableOnDestroy: false });
        expect(resource(stack, "gcp:compute/instance:Instance").options.dependsOn).toEqual(
            expect.arrayContaining(["trainer-secrets-API_KEY-reader", "trainer-secrets-LEVEL-reader"]),
        );
    });

    it("is passed to the VM as version names, with none of its entries left as a plain variable", () => {
        expect(bootValues(stack).filter((value) => /^(API_KEY|LEVEL)=/.test(value))).toEqual([
            "API_KEY=trainer-secrets-API_KEY/versions/1",
            "LEVEL=trainer-secrets-LEVEL/versions/1",
        ]);
    });

    it("appears nowhere in the stack except in the secret input of the version", () => {
        const others = stack.resources.filter(({ type }) => type !== VERSION);
        const text = JSON.stringify([others, stack.outputs]);
        expect([text.includes(CANARY), text.includes(Buffer.from(CANARY).toString("base64"))]).toEqual([false, false]);
        expect(bootValues(stack).join("\n")).not.toContain(CANARY);
        expect(stack.outputs.leftToBill).toContain(`secret ${BASE}-API_KEY`);
        expect(runOf(stack).provenance).toMatchObject({ env: ["API_KEY", "LEVEL"] });
    });

    it("changes the run id through its names and versions, but not through the values themselves", async () => {
        const id = async (env: object) => runOf(await declareJob({ env: JSON.stringify(env) }, ["env"])).runId;
        expect(await id({ API_KEY: "another", LEVEL: "info" })).toBe(runOf(stack).runId);
        expect(await id({ API_KEY: CANARY, DEPTH: "debug" })).not.toBe(runOf(stack).runId);
        expect(runOf(stack).runId).not.toBe(RUN_ID);
    });

    it("grants nothing to an account that the stack does not own", async () => {
        const serviceAccount = "own@my-project.iam.gserviceaccount.com";
        const own = await declareJob({ env: JSON.stringify({ API_KEY: CANARY }), serviceAccount }, ["env"]);
        expect([all(own, GRANT).length, all(own, VERSION).length]).toEqual([0, 1]);
    });
});

describe("secretEnv", () => {
    it("lets the VM's account access only the named versions, and creates no secret", async () => {
        const secretEnv = { API_KEY: EXISTING, SAME: EXISTING, OWN: "own-key:12" };
        const stack = await declareJob({ secretEnv: JSON.stringify(secretEnv) });
        const granted = (project: string, secretId: string, version: number) => ({
            project,
            secretId,
            role: ROLE,
            member: MEMBER,
            condition: {
                title: `gcp-trainer-version-${version}`,
                expression: `resource.name.endsWith("/versions/${version}")`,
            },
        });
        expect([all(stack, SECRET), all(stack, VERSION)]).toEqual([[], []]);
        expect(inputsOf(stack, GRANT)).toEqual([
            granted("other-project", "api-key", 3),
            granted("my-project", "own-key", 12),
        ]);
        expect(bootValues(stack).filter((value) => value.includes("/versions/"))).toEqual([
            `API_KEY=${EXISTING}`,
            "OWN=projects/my-project/secrets/own-key/versions/12",
            `SAME=${EXISTING}`,
        ]);
        expect(scopesOf(stack)).toContain(CLOUD_PLATFORM);
    });

    it("changes the run id if the version changes, but not if the same version is written differently", async () => {
        const id = async (version: string) =>
            runOf(await declareJob({ secretEnv: JSON.stringify({ K: version }) })).runId;
        expect(await id("key:1")).toBe(await id("projects/my-project/secrets/key/versions/1"));
        expect(await id("key:2")).not.toBe(await id("key:1"));
    });
});

describe("TrainingJob in another program", () => {
    const args = {
        project: "my-project",
        region: "us-central1",
        zone: "us-central1-a",
        dataset: "data/iris.csv",
        trainer: "trainer",
    };

    it("stores secretValues, whether or not they are outputs", async () => {
        const secretValues = { A: "plain", B: pulumi.secret(CANARY), C: pulumi.output("later") };
        const stack = await declareStack(() => {
            const { metrics, leftToBill } = new TrainingJob("trainer", { ...args, secretValues });
            return { metrics, leftToBill };
        });
        expect(inputsOf(stack, VERSION).map(({ secretData }) => secretData)).toEqual(
            ["plain", CANARY, "later"].map(secret),
        );
    });

    it("rejects a version without a number", async () => {
        await declareStack(() => {
            const declare = () => new TrainingJob("trainer", { ...args, secretEnv: { KEY: "key:latest" } });
            expect(declare).toThrow("secretEnv.KEY must be projects/<project>/secrets/");
            return {};
        });
    });
});

describe("the config", () => {
    function problems(values: Record<string, string>, secretKeys: string[]): string[] {
        const gcp = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
        try {
            parseConfig({ namespace: "gcp-trainer", values, secretKeys, gcp }, filesOf(PROJECT_DIR));
        } catch (error) {
            if (error instanceof ConfigError) {
                expect(error.message).not.toContain(CANARY);
                return error.issues.map((issue) => renderIssue(issue, pulumiCommand));
            }
            throw error;
        }
        return [];
    }

    it.each(["hyperparameters", "trainerBuildArgs"])("rejects a secret under %s", (key) => {
        expect(problems({ [key]: JSON.stringify({ a: CANARY }) }, [key])).toEqual([
            `\`gcp-trainer:${key}\` must not be secret; a secret goes into \`env\` or, if Secret Manager has it, into \`secretEnv\` (npx pulumi config rm ${key})`,
        ]);
    });

    it.each(ROWS.map(([name]) => name).filter((name) => !["env", "secretEnv", "notify"].includes(name)))(
        "never shows a secret under %s, and says where secrets go",
        (key) => {
            for (const text of [CANARY, JSON.stringify({ [CANARY]: CANARY }), JSON.stringify([CANARY])]) {
                expect(problems({ [key]: text }, [key])).toContainEqual(
                    expect.stringMatching(/ must not be secret; a secret goes into `env` or, if .*, into `secretEnv` /),
                );
            }
        },
    );

    it("reports an unknown secret key only once", () => {
        expect(problems({ apiKey: CANARY }, ["apiKey"])).toHaveLength(1);
    });

    it.each([
        ["not an object", CANARY, "`gcp-trainer:env` must be an object"],
        ["a list as a value", JSON.stringify({ A: [CANARY] }), "`gcp-trainer:env.A` must be a string"],
        ["an empty value", '{"A":""}', "`gcp-trainer:env.A` must be a secret of 1 to 65536 bytes"],
        [
            "a long value",
            JSON.stringify({ A: CANARY + "x".repeat(65_536) }),
            "`gcp-trainer:env.A` must be a secret of 1 to 65536 bytes",
        ],
        ["a NUL", JSON.stringify({ A: `${CANARY}\0` }), "`gcp-trainer:env.A` must not contain a NUL character"],
        [
            "a variable reserved for the VM",
            JSON.stringify({ AIP_X: CANARY }),
            "`gcp-trainer:env.AIP_X` is reserved for the VM",
        ],
        ...["PATH", "HOME", "BASH_ENV", "LD_PRELOAD", "DOCKER_HOST", "IFS", "UID"].map((name) => [
            name,
            JSON.stringify({ [name]: CANARY }),
            `\`gcp-trainer:env.${name}\` cannot be secret, because programs on the VM read it`,
        ]),
    ] as [string, string, string][])("rejects %s in a secret env without showing it", (_what, env, message) => {
        const [found = "", ...more] = problems({ env }, ["env"]);
        expect([found.slice(0, message.length), more]).toEqual([message, []]);
        expect(found).not.toContain("; got");
    });

    it("accepts 64 KiB in each secret env entry, and values that a shell or a line-based format would corrupt", () => {
        const env = { A: 'a\n"$B"\n', B: "x".repeat(65_536), C: "x".repeat(65_536) };
        expect(problems({ env: JSON.stringify(env) }, ["env"])).toEqual([]);
    });

    it.each(["key:latest", "key", "projects/p/secrets/key", "projects/p/secrets/key/versions/latest", "key:0"])(
        "rejects %s as a version",
        (version) => {
            expect(problems({ secretEnv: JSON.stringify({ KEY: version }) }, [])).toEqual([
                expect.stringContaining("`gcp-trainer:secretEnv.KEY` must be a secret version"),
            ]);
        },
    );

    it("rejects a variable that is set by both keys", () => {
        const values = { env: '{"KEY":"value"}', secretEnv: '{"KEY":"key:1"}' };
        const message = expect.stringContaining("`gcp-trainer:secretEnv` must not set KEY, which env also sets");
        expect([problems(values, []), problems(values, ["env"])]).toEqual([[message], [message]]);
    });
});

it("a run id depends on the names and versions of secret variables, and is unchanged without them", () => {
    const identity = {
        dataset: "md5:cXgg7wryh/80bFyr+0xhLA==",
        image: "sha256:abc",
        hyperparameters: { maxDepth: 5, kind: "gini" },
        target: "Species",
        dropColumns: ["Id"],
        env: { LEVEL: "debug" },
    };
    // This is the run id in run-id.test.ts, which dates from before secrets were supported.
    expect(runId({ ...identity, secretEnv: {} })).toBe("r-fdf328cea9");
    expect(runId({ ...identity, secretEnv: { KEY: EXISTING } })).toBe("r-df5207ee48");
});
