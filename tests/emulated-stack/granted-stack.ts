import { createHash } from "node:crypto";
import { mintToken } from "../../emulator/src/iam/tokens";
import { type Answer, TestEmulator } from "../../emulator/src/testing";
import { trainingRunType } from "../../run/resource-types";
import { type DeclaredStack, resource } from "../infra/declared-stack";

export const PROJECT_ID = "my-project";
export const ZONE = `projects/${PROJECT_ID}/zones/us-central1-a`;
const REPOSITORIES = `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories`;

interface Grant {
    readonly role: string;
    readonly member: string;
    readonly condition?: object;
}

/**
 * The program's resources on an emulator (bucket, repositories, account and its grants) and a few others.
 */
export class GrantedStack {
    readonly emulator: TestEmulator;
    readonly bucket: string;
    readonly repository: string;
    readonly email: string;
    /** The only run whose objects the program's grants cover. */
    readonly runId: string;

    constructor(emulator: TestEmulator, bucket: string, repository: string, email: string, runId: string) {
        this.emulator = emulator;
        this.bucket = bucket;
        this.repository = repository;
        this.email = email;
        this.runId = runId;
    }

    static async start(stack: DeclaredStack, grantDelayMs: number): Promise<GrantedStack> {
        const emulator = await TestEmulator.start({ grantDelayMs });
        const bucket = String(resource(stack, "gcp:storage/bucket:Bucket").inputs.name);
        const repository = String(resource(stack, "gcp:artifactregistry/repository:Repository").inputs.repositoryId);
        const runId = String(resource(stack, trainingRunType).inputs.runId);
        const accountId = String(resource(stack, "gcp:serviceaccount/account:Account").inputs.accountId);
        const email = `${accountId}@${PROJECT_ID}.iam.gserviceaccount.com`;
        const granted = new GrantedStack(emulator, bucket, repository, email, runId);
        await granted.#make("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { accountId });
        for (const name of [bucket, "other-bucket"]) {
            await emulator.makeBucket(name, {}, PROJECT_ID);
            for (const object of [
                "data/iris.csv",
                `runs/${runId}/status.json`,
                "runs/r-1/status.json",
                "other/secret",
            ]) {
                await emulator.upload(name, object, object);
            }
        }
        for (const id of [repository, "others"]) {
            await granted.#make("POST", `${REPOSITORIES}?repositoryId=${id}`, { format: "DOCKER" });
            await granted.#pushImage(id);
        }
        await granted.#grantAll(stack);
        return granted;
    }

    /** Sends a request as the trainer's account. */
    asTrainer(method: string, target: string, body?: unknown): Promise<Answer> {
        return this.as(this.email, method, target, body);
    }

    /** Sends a request as any account. */
    as(email: string, method: string, target: string, body?: unknown): Promise<Answer> {
        const { accessToken } = mintToken(email);
        return this.emulator.call(method, target, { token: accessToken, ...(body === undefined ? {} : { body }) });
    }

    /** Creates another account with a role on the project, and returns its email. */
    async makeAccount(role: string): Promise<string> {
        const accountId = role
            .replace("roles/", "with-")
            .toLowerCase()
            .replace(/[^a-z0-9]/g, "-");
        await this.#make("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { accountId });
        const email = `${accountId}@${PROJECT_ID}.iam.gserviceaccount.com`;
        const project = `/v1/projects/${PROJECT_ID}`;
        const policy = await this.#make("POST", `${project}:getIamPolicy`, { options: { requestedPolicyVersion: 3 } });
        const grant = { role, member: `serviceAccount:${email}` };
        await this.#make("POST", `${project}:setIamPolicy`, { policy: withGrant(policy, grant) });
        return email;
    }

    /** Applies grants as the providers do: reads the policy, adds to it, and writes it back. */
    async #grantAll({ resources }: DeclaredStack): Promise<void> {
        const grantsOf = (type: string) =>
            resources.filter((one) => one.type === type).map(({ inputs }) => inputs as unknown as Grant);
        const bucketPolicy = `/storage/v1/b/${this.bucket}/iam`;
        for (const grant of grantsOf("gcp:storage/bucketIAMMember:BucketIAMMember")) {
            const policy = await this.#make("GET", `${bucketPolicy}?optionsRequestedPolicyVersion=3`);
            await this.#make("PUT", bucketPolicy, withGrant(policy, grant));
        }
        const repository = `${REPOSITORIES}/${this.repository}`;
        for (const grant of grantsOf("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")) {
            const policy = await this.#make("GET", `${repository}:getIamPolicy?options.requestedPolicyVersion=3`);
            await this.#make("POST", `${repository}:setIamPolicy`, { policy: withGrant(policy, grant) });
        }
        const project = `/v1/projects/${PROJECT_ID}`;
        for (const grant of grantsOf("gcp:projects/iAMMember:IAMMember")) {
            const options = { requestedPolicyVersion: 3 };
            const policy = await this.#make("POST", `${project}:getIamPolicy`, { options });
            await this.#make("POST", `${project}:setIamPolicy`, { policy: withGrant(policy, grant) });
        }
    }

    /** Pushes an image without layers. */
    async #pushImage(repository: string): Promise<void> {
        const image = `/v2/${PROJECT_ID}/${repository}/trainer`;
        const digest = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;
        await this.#make("POST", `${image}/blobs/uploads/?digest=${digest("{}")}`, "{}");
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digest("{}"), size: 2 };
        const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
        await this.#make("PUT", `${image}/manifests/latest`, manifest, { "content-type": mediaType });
    }

    async #make(
        method: string,
        target: string,
        body?: unknown,
        headers: Record<string, string> = {},
    ): Promise<unknown> {
        const answer = await this.emulator.call(method, target, { headers, ...(body === undefined ? {} : { body }) });
        if (answer.status >= 300) {
            throw new Error(`${method} ${target} returned ${answer.status}: ${answer.text}`);
        }
        return answer.json;
    }
}

function withGrant(policy: unknown, { role, member, condition }: Grant): object {
    const { bindings = [], ...rest } = policy as { bindings?: readonly object[] };
    const binding = { role, members: [member], ...(condition === undefined ? {} : { condition }) };
    return { ...rest, version: 3, bindings: [...bindings, binding] };
}
