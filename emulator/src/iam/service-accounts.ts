import { createHash, randomBytes } from "node:crypto";
import { alreadyExists, invalid, notFound } from "../http/errors";
import type { Organization } from "../org/organization";
import type { InventoryItem } from "../service";
import type { Collection, DocumentStore } from "../store/documents";

/**
 * A service account as stored and returned:
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
 */
export interface ServiceAccount {
    /** `projects/P/serviceAccounts/EMAIL`. */
    readonly name: string;
    readonly projectId: string;
    /** 21 digits. An account that is recreated under the same email gets a new id. */
    readonly uniqueId: string;
    readonly email: string;
    readonly oauth2ClientId: string;
    readonly etag: string;
    readonly displayName?: string;
    readonly description?: string;
    readonly disabled?: boolean;
}

/** Fields that a caller can change. */
export interface ServiceAccountFields {
    readonly displayName?: string | undefined;
    readonly description?: string | undefined;
}

/**
 * The part of the project service that service accounts need. It is an interface because projects belong to the layer
 * above.
 */
export interface ProjectLookup {
    /** @throws ApiError 400 for an id that Google Cloud would reject */
    get(projectId: string): Promise<{ readonly projectId: string }>;
    isKnown(projectId: string): boolean;
}

const ACCOUNT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const EMAIL = /^([^@]+)@([^.]+)\.iam\.gserviceaccount\.com$/;

/** Service accounts in all projects. */
export class ServiceAccountService {
    readonly #accounts: Collection<ServiceAccount>;

    readonly #projects: ProjectLookup;

    readonly #org: Organization;

    constructor(documents: DocumentStore, projects: ProjectLookup, org: Organization) {
        this.#projects = projects;
        this.#org = org;

        this.#accounts = documents.collection("service-accounts");
    }

    /**
     * @throws ApiError 400 for an account id that IAM rejects, or if the organization forbids new accounts; 409 if the
     *     account exists
     */
    async create(projectId: string, accountId: string, fields: ServiceAccountFields): Promise<ServiceAccount> {
        const project = await this.#projects.get(projectId);
        if (!ACCOUNT_ID.test(accountId)) {
            throw invalid(
                `Invalid service account id "${accountId}": it must be 6 to 30 lower-case letters, digits or hyphens, and must ` +
                    "start with a letter.",
            );
        }
        this.#org.checkServiceAccount(project.projectId);
        const email = `${accountId}@${project.projectId}.iam.gserviceaccount.com`;
        if (this.#accounts.has(email)) {
            throw alreadyExists(
                `Service account ${accountId} already exists within project projects/${project.projectId}.`,
            );
        }
        const uniqueId = newUniqueId();
        const account = withFields(
            {
                name: `projects/${project.projectId}/serviceAccounts/${email}`,
                projectId: project.projectId,
                uniqueId,
                email,
                oauth2ClientId: uniqueId,
                etag: newEtag(),
            },
            fields,
        );
        await this.#accounts.put(email, account);
        return account;
    }

    /**
     * @param projectId id, or `-` for any project
     * @param emailOrId email or unique id
     * @throws ApiError 404
     */
    get(projectId: string, emailOrId: string): ServiceAccount {
        const account = this.#find(projectId, emailOrId);
        if (account === undefined) {
            throw notFound(`Unknown service account: ${emailOrId}`);
        }
        return account;
    }

    /**
     * Returns the name of the account in a path, resolved as in `get`. If the account does not exist, the name is built
     * from the path.
     */
    nameOf(projectId: string, emailOrId: string): string {
        return this.#find(projectId, emailOrId)?.name ?? `projects/${projectId}/serviceAccounts/${emailOrId}`;
    }

    #find(projectId: string, emailOrId: string): ServiceAccount | undefined {
        const account =
            this.#accounts.get(emailOrId) ?? this.#accounts.values().find(({ uniqueId }) => uniqueId === emailOrId);
        return projectId === "-" || account?.projectId === projectId ? account : undefined;
    }

    list(projectId: string): ServiceAccount[] {
        return this.#accounts.values().filter((account) => account.projectId === projectId);
    }

    async update(account: ServiceAccount, fields: ServiceAccountFields): Promise<ServiceAccount> {
        return this.#replace(withFields(account, fields));
    }

    /**
     * Enables or disables an account. Keeps the etag, because the provider reads the account, enables it, and patches
     * it with the etag that it read.
     */
    async setDisabled(account: ServiceAccount, disabled: boolean): Promise<void> {
        const { disabled: _before, ...rest } = account;
        await this.#accounts.put(account.email, disabled ? { ...rest, disabled } : rest);
    }

    async delete(account: ServiceAccount): Promise<void> {
        await this.#accounts.delete(account.email);
    }

    /**
     * Tests whether an account exists. Accounts outside the emulator's projects (Google's service agents, other
     * projects) count as existing.
     */
    exists(email: string): boolean {
        const project = EMAIL.exec(email)?.[2];
        return this.#accounts.has(email) || project === undefined || !this.#projects.isKnown(project);
    }

    /** Tests whether an account exists and is enabled. */
    isActive(email: string): boolean {
        return this.exists(email) && this.#accounts.get(email)?.disabled !== true;
    }

    inventory(): InventoryItem[] {
        return this.#accounts.values().map(({ email }) => ({ kind: "service account", name: email }));
    }

    async #replace(account: ServiceAccount): Promise<ServiceAccount> {
        const next = { ...account, etag: newEtag() };
        await this.#accounts.put(account.email, next);
        return next;
    }
}

/** An empty string clears a field, and responses omit a cleared field. */
function withFields(account: ServiceAccount, fields: ServiceAccountFields): ServiceAccount {
    const { displayName: oldName, description: oldDescription, ...rest } = account;
    const displayName = fields.displayName ?? oldName ?? "";
    const description = fields.description ?? oldDescription ?? "";
    if (Buffer.byteLength(displayName) > 100) {
        throw invalid(`displayName must not exceed 100 bytes; got ${Buffer.byteLength(displayName)}.`);
    }
    if (Buffer.byteLength(description) > 256) {
        throw invalid(`description must not exceed 256 bytes; got ${Buffer.byteLength(description)}.`);
    }
    return {
        ...rest,
        ...(displayName === "" ? {} : { displayName }),
        ...(description === "" ? {} : { description }),
    };
}

function newUniqueId(): string {
    const digits = BigInt(`0x${createHash("sha256").update(randomBytes(16)).digest("hex")}`) % 10n ** 20n;
    return `1${digits.toString().padStart(20, "0")}`;
}

function newEtag(): string {
    return randomBytes(8).toString("base64");
}
