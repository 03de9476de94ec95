/**
 * Applies a JSON merge patch (RFC 7396): a member that is `null` deletes, objects are merged, everything else replaces.
 * This is what `PATCH` means in Cloud Storage and Compute Engine.
 */
export function mergePatch(target: unknown, patch: unknown): object {
    const result: Record<string, unknown> = isPlainObject(target) ? { ...target } : {};
    for (const [name, value] of Object.entries(patch ?? {})) {
        if (value === null) {
            delete result[name];
        } else {
            result[name] = isPlainObject(value) ? mergePatch(result[name], value) : value;
        }
    }
    return result;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
