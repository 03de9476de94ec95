import { parseConfig } from "../../infra/config";
import { type ConfigError, pulumiCommand, renderIssue } from "../../infra/config/issues";
import { filesOf } from "../../infra/config/project-files";
import { topicOf } from "../../run/notification-target";
import { type DeclaredStack, declareJob, PROJECT_DIR, resource, secret } from "./declared-stack";
import { BASE, LABELS, MEMBER, RUN_ID } from "./expected-stack";

const HOOK = "https://hooks.example.com/services/canary-7f3a";
const TOPIC = "projects/other-project/topics/finished";
const SCOPE = "https://www.googleapis.com/auth/pubsub";
const GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember";
const INSTANCE = "gcp:compute/instance:Instance";
const CLEANUP = "pulumi-nodejs:dynamic/gcp-trainer:Cleanup";

const namesOf = (stack: DeclaredStack) =>
    stack.resources.filter(({ type }) => type.startsWith("gcp:pubsub/")).map(({ name }) => name);
const apisOf = ({ resources }: DeclaredStack) =>
    resources.filter(({ type }) => type === "gcp:projects/service:Service").map(({ inputs }) => inputs.service);
const scopesOf = (stack: DeclaredStack) =>
    (resource(stack, INSTANCE).inputs.serviceAccount as { scopes: string[] }).scopes;
const userDataOf = (stack: DeclaredStack) =>
    (resource(stack, INSTANCE).inputs.metadata as Record<string, string>)["user-data"] ?? "";
const runIdOf = (stack: DeclaredStack) => resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun").inputs.runId;

describe("a stack without notify", () => {
    it("has no resource, API, scope or file for notifications", async () => {
        const stack = await declareJob();
        expect(namesOf(stack)).toEqual([]);
        expect(apisOf(stack)).not.toContain("pubsub.googleapis.com");
        expect(scopesOf(stack)).not.toContain(SCOPE);
        expect(userDataOf(stack)).not.toContain("/etc/gcp-trainer/noti");
        expect(resource(stack, CLEANUP, "trainer-cleanup").inputs).not.toHaveProperty("topic");
    });
});

describe("a URL as notify", () => {
    let stack: DeclaredStack;
    const topic = `projects/my-project/topics/${BASE}`;

    beforeAll(async () => {
        stack = await declareJob({ notify: HOOK, runName: "first" }, ["notify"]);
    });

    it("becomes a topic and a push subscription, which never expires", () => {
        expect(resource(stack, "gcp:pubsub/topic:Topic").inputs).toEqual({
            project: "my-project",
            name: BASE,
            labels: LABELS,
        });
        expect(resource(stack, "gcp:pubsub/subscription:Subscription").inputs).toEqual({
            project: "my-project",
            name: BASE,
            labels: LABELS,
            topic: "trainer-notification-id",
            // A secret makes the whole property secret.
            pushConfig: secret({ pushEndpoint: HOOK, noWrapper: { writeMetadata: true } }),
            retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
            expirationPolicy: { ttl: "" },
        });
    });

    it("lets the VM's account publish only to this topic, before the VM starts", () => {
        expect(resource(stack, GRANT).inputs).toEqual({
            project: "my-project",
            topic: BASE,
            role: "roles/pubsub.publisher",
            member: MEMBER,
        });
        expect(apisOf(stack)).toContain("pubsub.googleapis.com");
        expect(scopesOf(stack).filter((scope) => scope === SCOPE)).toHaveLength(1);
        expect(resource(stack, INSTANCE).options.dependsOn).toEqual(expect.arrayContaining(namesOf(stack)));
        expect(namesOf(stack)).toHaveLength(3);
    });

    it("does not change the run id, and reaches the VM only as the name of the topic", () => {
        expect(runIdOf(stack)).toBe(RUN_ID);
        expect(userDataOf(stack)).toContain(topic);
        expect(resource(stack, CLEANUP, "trainer-cleanup").inputs.topic).toBe(topic);
    });

    it.each([[[]], [["notify"]]])("appears only in the subscription, with the secret keys %j", async (secretKeys) => {
        const { resources, outputs } = await declareJob({ notify: HOOK }, secretKeys);
        const others = resources.filter(({ type }) => type !== "gcp:pubsub/subscription:Subscription");
        const text = JSON.stringify([others, outputs]);
        expect([text.includes("canary"), text.includes(Buffer.from(HOOK).toString("base64"))]).toEqual([false, false]);
    });
});

describe("a topic as notify", () => {
    it("gets only the grant", async () => {
        const stack = await declareJob({ notify: TOPIC });
        expect(namesOf(stack)).toEqual(["trainer-notification-publisher"]);
        expect(resource(stack, GRANT).inputs).toMatchObject({ project: "other-project", topic: "finished" });
        expect(userDataOf(stack)).toContain(TOPIC);
    });

    it("gets nothing if the account is not the stack's own", async () => {
        const stack = await declareJob({ notify: TOPIC, serviceAccount: "own@my-project.iam.gserviceaccount.com" });
        expect(namesOf(stack)).toEqual([]);
        expect(scopesOf(stack)).toContain(SCOPE);
    });

    it("is read by the tasks of a Batch job", async () => {
        const { resources } = await declareJob({ notify: TOPIC, engine: "batch" });
        const job = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/gcp-trainer:BatchJob");
        expect(String(job?.inputs.bundle)).toContain("base64 -d >notification ");
    });
});

describe("an invalid notify", () => {
    const problems = (notify: string, secretKeys: string[] = []) => {
        const gcp = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
        try {
            parseConfig({ namespace: "gcp-trainer", values: { notify }, secretKeys, gcp }, filesOf(PROJECT_DIR));
        } catch (error) {
            return (error as ConfigError).issues.map((issue) => renderIssue(issue, pulumiCommand));
        }
        return [];
    };

    it.each([
        "http://hooks.example.com/canary",
        "hooks.example.com/canary",
        "https://",
        "projects/p/topics/",
        "https://a b",
    ])("is reported without its value: %s", (value) => {
        expect(problems(value)).toEqual([
            "`gcp-trainer:notify` must be an HTTPS URL, or a Pub/Sub topic projects/<project>/topics/<topic> " +
                "(npx pulumi config set notify projects/my-project/topics/training)",
        ]);
        expect(() => topicOf(value, "my-project", BASE)).toThrow(/^notify must be an HTTPS URL or a Pub\/Sub topic/);
    });

    it("is not reported for a value that is secret", () => {
        expect(problems(HOOK, ["notify"])).toEqual([]);
    });
});
