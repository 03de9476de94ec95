import { type ApiError, permissionDenied } from "../http/errors";
import type { ApiRequest } from "../http/types";

/**
 * Refuses a principal that lacks a permission. (Cloud Storage words it differently: storage/access.ts.)
 *
 * @param resource full name without host, e.g. `projects/P/serviceAccounts/EMAIL`
 * @throws ApiError 403 in Google's words
 */
export function requirePermission(
    { services, principal }: Pick<ApiRequest, "services" | "principal">,
    permission: string,
    resource: string,
): void {
    if (!services.policies.check(principal, permission, resource)) {
        throw denied(permission, resource);
    }
}

function denied(permission: string, resource: string): ApiError {
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
