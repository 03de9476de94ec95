import { permissionDenied } from "../http/errors";
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
        throw permissionDenied(`Permission '${permission}' denied on resource '${resource}' (or it may not exist).`);
    }
}
