import { randomBytes } from "node:crypto";
import { CRC32C } from "@google-cloud/storage";
import { ApiError, aborted, alreadyExists, invalid, notFound, unimplemented } from "../http/errors";
import { checkKeyLocation } from "../http/kms-key";
import type { IamService } from "../iam/service";
import type { Organization } from "../org/organization";
import type { Project, ProjectService } from "../projects/projects";
import type { InventoryItem, Service } from "../service";
import type { Collection, DocumentStore } from "../store/documents";
import type { SecretBody } from "./secret-schema";

/** https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions#State */
export type VersionState = "ENABLED" | "DISABLED" | "DESTROYED";

/** A version as stored, without its payload. */
export interface SecretVersion {
    readonly number: number;
    readonly state: VersionState;
    readonly createTime: string;
    readonly destroyTime?: string;
    readonly etag: string;
    readonly hasClientChecksum: boolean;
}

/** A secret as stored. */
export interface Secret {
    readonly projectId: string;
    /** `projects/NUMBER/secrets/ID`, with the project number, as in every response from Google. */
    readonly name: string;
    readonly createTime: string;
    readonly etag: string;
    readonly settings: Pick<SecretBody, "replication" | "labels" | "annotations">;
    readonly versions: readonly SecretVersion[];
}

/** The version in a request: a number, or `latest`. */
export interface VersionName {
    readonly project: string;
    readonly secret: string;
    readonly version: string;
}

const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const MAX_PAYLOAD_BYTES = 65_536;
const CHANGEABLE = ["labels", "annotations"] as const;

/**
 * Secret Manager. Its documents are the only files in the data folder that contain payloads, and only the owner of the
 * folder can read them.
 */
export class SecretService implements Service {
    readonly #secrets: Collection<Secret>;
    /** Payloads in base64, by version name. */
    readonly #payloads: Collection<string>;
    readonly #projects: ProjectService;
    readonly #iam: IamService;
    readonly #org: Organization;

    constructor(documents: DocumentStore, projects: ProjectService, iam: IamService, org: Organization) {
        this.#org = org;
        this.#secrets = documents.collection("secret-manager/secrets", { mode: 0o600 });
        this.#payloads = documents.collection("secret-manager/payloads", { mode: 0o600 });
        this.#projects = projects;
        this.#iam = iam;
    }

    /** @throws ApiError 400 for an invalid id or replication, 409 if the secret exists */
    async create(project: Project, id: string, { replication, labels, annotations }: SecretBody): Promise<Secret> {
        if (!SECRET_ID.test(id)) {
            throw invalid(`Invalid secretId "${id}": it must be 1 to 255 letters, digits, hyphens and underscores.`);
        }
        if ((replication?.automatic === undefined) === (replication?.userManaged === undefined)) {
            throw invalid("Secret.replication must be either automatic or userManaged.");
        }
        const name = `projects/${project.projectNumber}/secrets/${id}`;
        if (this.#secrets.has(name)) {
            throw alreadyExists(`Secret [${name}] already exists.`);
        }
        // An automatically replicated secret is stored everywhere, and its key is in the location "global".
        const replicas = replication?.userManaged?.replicas ?? [{ location: "global", ...replication?.automatic }];
        for (const { location, customerManagedEncryption } of replicas) {
            checkKeyLocation(customerManagedEncryption?.kmsKeyName, location);
            const key = customerManagedEncryption?.kmsKeyName;
            this.#org.checkResource("secretmanager.googleapis.com", project.projectId, location, key);
        }
        const secret: Secret = {
            projectId: project.projectId,
            name,
            createTime: new Date().toISOString(),
            etag: newEtag(),
            settings: { replication, labels, annotations },
            versions: [],
        };
        await this.#secrets.put(name, secret);
        return secret;
    }

    /** @throws ApiError 404 */
    async get(project: string, id: string): Promise<Secret> {
        const name = `projects/${(await this.#projects.get(project)).projectNumber}/secrets/${id}`;
        const secret = this.#secrets.get(name);
        if (secret === undefined) {
            throw notFound(`Secret [${name}] not found.`);
        }
        return secret;
    }

    /** The secrets in all projects, ordered by name. */
    all(): Secret[] {
        return this.#secrets.values();
    }

    /** The secrets in a project, ordered by name. */
    list(projectId: string): Secret[] {
        return this.#secrets.values().filter((secret) => secret.projectId === projectId);
    }

    /**
     * @param updateMask comma-separated fields to replace
     * @throws ApiError 400 without a mask, 501 for a field that is not emulated
     */
    async patch(secret: Secret, body: SecretBody, updateMask: string): Promise<Secret> {
        const fields = updateMask.split(",").map((field) => field.trim());
        const unknown = fields.find((field) => !CHANGEABLE.some((known) => known === field));
        if (updateMask === "") {
            throw invalid("The updateMask must name the fields to change.", "updateMask");
        }
        if (unknown !== undefined) {
            throw unimplemented(`updateMask "${unknown}" of a secret (only ${CHANGEABLE.join(" and ")} are supported)`);
        }
        requireEtag(secret.name, secret.etag, body.etag);
        const settings = { ...secret.settings };
        for (const field of CHANGEABLE.filter((one) => fields.includes(one))) {
            settings[field] = body[field];
        }
        return await this.#save({ ...secret, settings });
    }

    /** Removes a secret and its versions, payloads and policy. */
    async delete(secret: Secret, etag?: string): Promise<void> {
        requireEtag(secret.name, secret.etag, etag);
        await this.#secrets.delete(secret.name);
        for (const version of secret.versions) {
            await this.#payloads.delete(versionName(secret, version));
        }
        await this.#iam.policies.delete(policyName(secret));
    }

    /**
     * @param data base64
     * @throws ApiError 400 for a payload that is empty or over 64 KiB, or a checksum that does not match
     */
    async addVersion(secret: Secret, data: string, checksum: string | undefined): Promise<SecretVersion> {
        const bytes = Buffer.from(data, "base64");
        if (bytes.length === 0) {
            throw invalid("Secret Payload cannot be empty.");
        }
        if (bytes.length > MAX_PAYLOAD_BYTES) {
            throw invalid(`The payload of ${bytes.length} bytes exceeds the limit of ${MAX_PAYLOAD_BYTES} bytes.`);
        }
        if (checksum !== undefined && checksum !== crc32cOf(bytes)) {
            throw invalid("The payload does not match its dataCrc32c.", "payload.dataCrc32c");
        }
        const version: SecretVersion = {
            number: (secret.versions.at(-1)?.number ?? 0) + 1,
            state: "ENABLED",
            createTime: new Date().toISOString(),
            etag: newEtag(),
            hasClientChecksum: checksum !== undefined,
        };
        const saved = this.#save({ ...secret, versions: [...secret.versions, version] });
        await this.#payloads.put(versionName(secret, version), bytes.toString("base64"));
        await saved;
        return version;
    }

    /** @throws ApiError 404 for a version that does not exist, including `latest` of a secret without versions */
    version(secret: Secret, number: string): SecretVersion {
        const found =
            number === "latest"
                ? secret.versions.at(-1)
                : secret.versions.find((version) => String(version.number) === number);
        if (found === undefined) {
            throw notFound(`Secret Version [${secret.name}/versions/${number}] not found.`);
        }
        return found;
    }

    /** Returns the payload of an enabled version. @throws ApiError 400 FAILED_PRECONDITION for any other version */
    payload(secret: Secret, version: SecretVersion): { readonly data: string; readonly dataCrc32c: string } {
        const data = this.#payloads.get(versionName(secret, version));
        if (version.state !== "ENABLED" || data === undefined) {
            throw wrongState(secret, version);
        }
        return { data, dataCrc32c: crc32cOf(Buffer.from(data, "base64")) };
    }

    /** @throws ApiError 400 FAILED_PRECONDITION for a destroyed version, 409 for a stale etag */
    async setState(
        secret: Secret,
        version: SecretVersion,
        state: VersionState,
        etag: string | undefined,
    ): Promise<SecretVersion> {
        requireEtag(versionName(secret, version), version.etag, etag);
        if (version.state === "DESTROYED") {
            throw wrongState(secret, version);
        }
        const changed: SecretVersion = {
            ...version,
            state,
            etag: newEtag(),
            ...(state === "DESTROYED" ? { destroyTime: new Date().toISOString() } : {}),
        };
        const versions = secret.versions.map((one) => (one.number === version.number ? changed : one));
        const saved = this.#save({ ...secret, versions });
        if (state === "DESTROYED") {
            await this.#payloads.delete(versionName(secret, version));
        }
        await saved;
        return changed;
    }

    /**
     * Google bills every version monthly until it is destroyed. A secret without billed versions costs nothing but is
     * still listed.
     */
    inventory(): InventoryItem[] {
        return this.#secrets.values().map(({ projectId, name, versions }) => {
            const left = versions.filter(({ state }) => state !== "DESTROYED").length;
            const id = name.split("/").at(-1);
            return {
                kind: "secret",
                name: `projects/${projectId}/secrets/${id} (${left} of ${versions.length} versions)`,
            };
        });
    }

    async #save(secret: Secret): Promise<Secret> {
        const saved = { ...secret, etag: newEtag() };
        await this.#secrets.put(secret.name, saved);
        return saved;
    }
}

/** Full name of a version. */
export function versionName(secret: Pick<Secret, "name">, { number }: Pick<SecretVersion, "number">): string {
    return `${secret.name}/versions/${number}`;
}

/** Name of a secret in the policy store. */
export function policyName({ projectId, name }: Pick<Secret, "projectId" | "name">): string {
    return `projects/${projectId}/secrets/${name.split("/").at(-1)}`;
}

function wrongState(secret: Secret, version: SecretVersion): ApiError {
    const message = `Secret Version [${versionName(secret, version)}] is in ${version.state} state.`;
    return new ApiError(400, "failedPrecondition", message, { status: "FAILED_PRECONDITION" });
}

function requireEtag(name: string, current: string, given: string | undefined): void {
    if (given !== undefined && given !== "" && given !== current) {
        throw aborted(`The etag of [${name}] is ${current}, not ${given}: read it again.`);
    }
}

function newEtag(): string {
    return `"${randomBytes(7).toString("hex")}"`;
}

function crc32cOf(bytes: Buffer): string {
    const sum = new CRC32C();
    sum.update(bytes);
    // The library returns the checksum as a signed integer; Google's is unsigned.
    return String(sum.valueOf() >>> 0);
}
