import { permissionDenied } from "../http/errors";
import type { Principal } from "../http/types";
import type { Organization } from "../org/organization";
import type { InventoryItem, Service } from "../service";
import type { DocumentStore } from "../store/documents";
import { PolicyStore, type PolicyStoreOptions } from "./policy";
import { type ProjectLookup, ServiceAccountService } from "./service-accounts";
import { principalOf } from "./tokens";

/** IAM: service accounts and the policies that grant them permissions. */
export class IamService implements Service {
    readonly policies: PolicyStore;
    readonly serviceAccounts: ServiceAccountService;
    readonly #operatorToken: string;

    constructor(
        documents: DocumentStore,
        projects: ProjectLookup,
        options: Pick<PolicyStoreOptions, "grantDelayMs" | "projectOfBucket" | "projectNumber"> & {
            /** The developer's bearer token. */
            readonly operatorToken: string;
            readonly org: Organization;
        },
    ) {
        this.#operatorToken = options.operatorToken;
        this.serviceAccounts = new ServiceAccountService(documents, projects, options.org);
        this.policies = new PolicyStore(documents, {
            ...options,
            isActiveAccount: (email) => this.serviceAccounts.isActive(email),
        });
    }

    /**
     * Rejects a caller that lacks a permission. (Cloud Storage and Compute Engine have their own error messages.)
     *
     * @param request the request, or another object with the principal
     * @param resource full name without the host, e.g. `projects/P/serviceAccounts/EMAIL`
     * @throws ApiError 403 with Google's message
     */
    require({ principal }: { readonly principal: Principal }, permission: string, resource: string): void {
        if (!this.policies.check(principal, permission, resource)) {
            throw permissionError(permission, resource);
        }
    }

    /** Returns the principal that a bearer token identifies. @throws ApiError 401 for an unknown token */
    principalOf(token: string): Principal {
        return principalOf(token, this.#operatorToken);
    }

    inventory(): InventoryItem[] {
        return [...this.serviceAccounts.inventory(), ...this.policies.inventory()];
    }
}

function permissionError(permission: string, resource: string) {
    const service = permission.split(".", 1)[0];
    const info = (domain: string) => [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "IAM_PERMISSION_DENIED",
            domain,
            metadata: { permission, resource },
        },
    ];
    switch (service) {
        case "resourcemanager":
            return permissionDenied("The caller does not have permission");
        case "secretmanager": {
            const message = `Permission '${permission}' denied for resource '${resource}' (or it may not exist).`;
            return permissionDenied(message, info("iam.googleapis.com"));
        }
        case "artifactregistry": {
            const name = `//artifactregistry.googleapis.com/${resource}`;
            const message = `Permission '${permission}' denied on resource '${name}' (or it may not exist).`;
            return permissionDenied(message, info("artifactregistry.googleapis.com"));
        }
        default: {
            const message = `Permission '${permission}' denied on resource (or it may not exist).`;
            return permissionDenied(message, info("iam.googleapis.com"));
        }
    }
}
