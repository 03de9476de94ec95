import { randomBytes } from "node:crypto";
import { type ApiError, aborted } from "../http/errors";
import type { Principal } from "../http/types";
import type { InventoryItem } from "../service";
import type { Collection, DocumentStore } from "../store/documents";
import { conditionHolds } from "./conditions";
import type { Binding, Policy, PolicyInput } from "./policy-schema";
import { permissionsOf } from "./roles";

interface PolicyDocument {
    readonly policy: Policy;
    /** Time at which each grant first appeared, in ms since 1970, keyed by `grantKey`. Used for `grantDelayMs`. */
    readonly grantedAt: Readonly<Record<string, number>>;
}

/** Information about other resources that policies depend on. */
export interface PolicyStoreOptions {
    /** Delay before a new grant takes effect. Default: 0. */
    readonly grantDelayMs?: number;
    /**
     * Returns the id of a bucket's project, which the bucket's name does not contain; undefined for an unknown bucket.
     */
    readonly projectOfBucket: (bucket: string) => string | undefined;
    /** Returns the number of a project, which replaces its id in the secret names that conditions see. */
    readonly projectNumber: (projectId: string) => string;
    /** Tests whether a service account exists and is enabled. Accounts in unknown projects count as existing. */
    readonly isActiveAccount: (email: string) => boolean;
}

/**
 * The allow policies for all resources, by resource name without the host: `projects/P`, `projects/_/buckets/B`,
 * `projects/P/locations/L/repositories/R`, `projects/P/serviceAccounts/EMAIL`, `projects/P/secrets/S`,
 * `projects/P/topics/T`.
 */
export class PolicyStore {
    readonly #policies: Collection<PolicyDocument>;

    readonly #options: PolicyStoreOptions;

    constructor(documents: DocumentStore, options: PolicyStoreOptions) {
        this.#options = options;

        this.#policies = documents.collection("iam-policies");
    }

    /** Returns a resource's policy, or an empty policy if none was set. */
    get(resource: string): Policy {
        return this.#policies.get(resource)?.policy ?? { version: 1, etag: "ACAB", bindings: [] };
    }

    /**
     * Replaces a policy. As on Google Cloud, a policy without an etag overwrites the stored one unconditionally.
     *
     * @param stale creates the error for a stale etag. Default: 409 ABORTED
     */
    async set(resource: string, input: PolicyInput, stale: () => ApiError = staleEtag): Promise<Policy> {
        if (input.etag !== undefined && input.etag !== "" && input.etag !== this.get(resource).etag) {
            throw stale();
        }
        const bindings = mergeBindings(input.bindings ?? []);
        const policy: Policy = {
            version: bindings.some(({ condition }) => condition !== undefined) ? 3 : 1,
            etag: randomBytes(9).toString("base64"),
            bindings,
        };
        const before = this.#policies.get(resource)?.grantedAt ?? {};
        const now = Date.now();
        const keys = bindings.flatMap((binding) => binding.members.map((member) => grantKey(binding, member)));
        const grantedAt = Object.fromEntries(keys.map((key) => [key, before[key] ?? now]));
        await this.#policies.put(resource, { policy, grantedAt });
        return policy;
    }

    /** Removes the policy of a deleted resource. */
    async delete(resource: string): Promise<void> {
        await this.#policies.delete(resource);
    }

    /** Lists only the bindings on projects, because those on other resources disappear with those resources. */
    inventory(): InventoryItem[] {
        const projects = this.#policies.entries().filter(([resource]) => /^projects\/[^/]+$/.test(resource));
        return projects.flatMap(([resource, { policy }]) =>
            policy.bindings.flatMap(({ role, members }) =>
                members.map((member) => ({
                    kind: "project IAM binding",
                    name: `${role} for ${member} on ${resource}`,
                })),
            ),
        );
    }

    /** Names and policies of all resources with a policy, ordered by name. */
    entries(): [string, Policy][] {
        return this.#policies.entries().map(([resource, { policy }]) => [resource, policy]);
    }

    /**
     * Tests whether the policy of a resource, or of one of its parents, grants a principal a permission.
     *
     * @param resource name as above, or the name of a child of such a resource: `projects/_/buckets/B/objects/N`
     */
    check(principal: Principal, permission: string, resource: string, now = Date.now()): boolean {
        if (principal.kind === "owner") {
            return true;
        }
        if (principal.kind === "serviceAccount" && !this.#options.isActiveAccount(principal.email)) {
            return false;
        }
        const context = { resource: describeResource(this.#conditionName(resource)), request: { time: new Date(now) } };
        const holds = (binding: Binding) =>
            permissionsOf(binding.role)?.has(permission) === true &&
            (binding.condition === undefined || conditionHolds(binding.condition, context));
        return this.#policyChain(resource).some((document) => this.#isGranted(document, principal, holds, now));
    }

    /**
     * Returns the name that conditions see. For most services it is the name that callers use; for Secret Manager it
     * contains the project number.
     */
    #conditionName(resource: string): string {
        const [, project, rest] = /^projects\/([^/]+)(\/secrets\/.+)$/.exec(resource) ?? [];
        return project === undefined ? resource : `projects/${this.#options.projectNumber(project)}${rest}`;
    }

    #isGranted(
        { policy, grantedAt }: PolicyDocument,
        principal: Principal,
        holds: (binding: Binding) => boolean,
        now: number,
    ): boolean {
        const delay = this.#options.grantDelayMs ?? 0;
        return policy.bindings.some((binding) => {
            const active = binding.members.filter(
                (member) => (grantedAt[grantKey(binding, member)] ?? 0) + delay <= now,
            );
            return active.some((member) => this.#isMember(principal, member, now)) && holds(binding);
        });
    }

    #isMember(principal: Principal, member: string, now: number): boolean {
        if (member === "allUsers") {
            return true;
        }
        if (principal.kind !== "serviceAccount") {
            return false;
        }
        const convenience = /^project(Owner|Editor|Viewer):(.+)$/.exec(member);
        if (convenience !== null) {
            const [, level = "", project = ""] = convenience;
            const document = this.#policies.get(`projects/${project}`);
            const role = `roles/${level.toLowerCase()}`;
            return (
                document !== undefined && this.#isGranted(document, principal, (binding) => binding.role === role, now)
            );
        }
        return member === "allAuthenticatedUsers" || member === `serviceAccount:${principal.email}`;
    }

    /**
     * Returns the policies that apply to a resource: its own, that of its bucket, repository or secret, and that of its
     * project.
     */
    #policyChain(resource: string): PolicyDocument[] {
        const bucket = /^projects\/_\/buckets\/([^/]+)/.exec(resource);
        const project = bucket === null ? projectIn(resource) : this.#options.projectOfBucket(bucket[1] ?? "");
        const names = new Set([bucket?.[0] ?? resource, ...(project === undefined ? [] : [`projects/${project}`])]);
        const container = /^projects\/[^/]+\/(locations\/[^/]+\/repositories|secrets)\/[^/]+/.exec(resource);
        if (container !== null) {
            names.add(container[0]);
        }
        return [...names].flatMap((name) => this.#policies.get(name) ?? []);
    }
}

function staleEtag(): ApiError {
    return aborted(
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. " +
            "The request's ETag did not match the current policy's ETag.",
    );
}

function projectIn(resource: string): string | undefined {
    return /^projects\/([^/]+)/.exec(resource)?.[1];
}

/** The attributes that conditions can read: https://cloud.google.com/iam/docs/conditions-resource-attributes */
function describeResource(name: string): { name: string; type: string; service: string } {
    const types: [RegExp, string][] = [
        [/^projects\/_\/buckets\/[^/]+\/objects\//, "storage.googleapis.com/Object"],
        [/^projects\/_\/buckets\//, "storage.googleapis.com/Bucket"],
        [/\/repositories\//, "artifactregistry.googleapis.com/Repository"],
        [/\/serviceAccounts\//, "iam.googleapis.com/ServiceAccount"],
        [/\/secrets\/[^/]+\/versions\//, "secretmanager.googleapis.com/SecretVersion"],
        [/\/secrets\//, "secretmanager.googleapis.com/Secret"],
        [/\/topics\//, "pubsub.googleapis.com/Topic"],
        [/\/instances\//, "compute.googleapis.com/Instance"],
    ];
    const type = types.find(([pattern]) => pattern.test(name))?.[1] ?? "cloudresourcemanager.googleapis.com/Project";
    return { name, type, service: type.split("/", 1)[0] ?? "" };
}

function grantKey(binding: Binding, member: string): string {
    return JSON.stringify([binding.role, binding.condition?.expression ?? null, member]);
}

/**
 * Normalises bindings. Like IAM, merges bindings with the same role and condition, and drops duplicate members and
 * empty bindings.
 */
function mergeBindings(bindings: readonly Binding[]): Binding[] {
    const merged = new Map<string, Binding>();
    for (const binding of bindings) {
        const key = JSON.stringify([binding.role, binding.condition ?? null]);
        const members = new Set([...(merged.get(key)?.members ?? []), ...binding.members]);
        merged.set(key, { ...binding, members: [...members].sort() });
    }
    return [...merged.values()].filter(({ members }) => members.length > 0);
}
