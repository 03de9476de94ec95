import { type ApiError, permissionDenied } from "../http/errors";
import type { Principal } from "../http/types";
import type { PolicyStore } from "../iam/policy";
import { bucketResource } from "./buckets";

/**
 * Permission checks for buckets and objects. Permission names:
 * https://cloud.google.com/storage/docs/access-control/iam-json
 */
export class StorageAccess {
    readonly #policies: PolicyStore;

    constructor(policies: PolicyStore) {
        this.#policies = policies;
    }

    can(principal: Principal, permission: string, bucket: string, object?: string): boolean {
        return this.#policies.check(principal, permission, resourceName(bucket, object));
    }

    /** @throws ApiError 403 with Google's message */
    require(principal: Principal, permission: string, bucket: string, object?: string): void {
        if (!this.can(principal, permission, bucket, object)) {
            throw this.denied(principal, permission, object === undefined ? "bucket" : "object");
        }
    }

    /** Checks a project-level permission that is needed to create or list buckets. */
    requireInProject(principal: Principal, permission: string, projectId: string): void {
        if (!this.#policies.check(principal, permission, `projects/${projectId}`)) {
            throw this.denied(principal, permission, "project");
        }
    }

    /** Creates the 403 with Google's message. */
    denied(principal: Principal, permission: string, what: "bucket" | "object" | "project"): ApiError {
        const who = principal.kind === "serviceAccount" ? principal.email : "Anonymous caller";
        const where = what === "project" ? "the Google Cloud project" : `the Google Cloud Storage ${what}`;
        return permissionDenied(
            `${who} does not have ${permission} access to ${where}. ` +
                `Permission '${permission}' denied on resource (or it may not exist).`,
        );
    }
}

function resourceName(bucket: string, object: string | undefined): string {
    return object === undefined ? bucketResource(bucket) : `${bucketResource(bucket)}/objects/${object}`;
}
