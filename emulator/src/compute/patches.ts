import { isDeepStrictEqual } from "node:util";
import type { ZodType } from "zod";
import { checkBody, mergePatch } from "../http/body";

/**
 * Returns the changeable members of a resource after a merge patch. A client may send back what it read, so the patch
 * may contain any member of the resource, but members that change must be in the schema.
 *
 * @param before the resource
 * @param patch body of a PATCH; `null` resets a member to its default
 * @param changeable schema of the members that a patch may change
 * @param where method and path, for the error message
 * @returns the changeable members, changed or not, except those reset to their default
 * @throws ApiError 501 naming every other member that would change, 400 for a wrong type
 */
export function patched<T>(
    before: object,
    patch: object,
    changeable: ZodType<T> & { readonly shape: object },
    where: string,
): T {
    const now = before as Record<string, unknown>;
    const merged = mergePatch(before, patch) as Record<string, unknown>;
    const changed = Object.keys(patch).filter((name) => !isDeepStrictEqual(merged[name], now[name]));
    const after = { ...now, ...Object.fromEntries(changed.map((name) => [name, merged[name]])) };
    const names = new Set([...Object.keys(changeable.shape), ...changed]);
    const members = Object.entries(after).filter(([name, value]) => names.has(name) && value !== undefined);
    return checkBody(Object.fromEntries(members), changeable, where);
}
