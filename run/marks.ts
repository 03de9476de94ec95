/** The label that names a resource's job. */
export const jobLabel = "gcp-trainer";

/**
 * The label that contains a resource's owner: a random id that only the state of the owning stack contains. Two stacks
 * with the same name in two backends have the same resource names, but never the same owner.
 */
export const ownerLabel = "gcp-trainer-owner";

/** Returns the description for a resource that cannot have labels. */
export function ownedDescription(text: string, owner: string): string {
    return `${text} (${ownerLabel}: ${owner})`;
}

/** True if a resource, as its API returns it, carries this owner's mark. */
export function isOwned(resource: object, owner: string): boolean {
    const labels: unknown = Reflect.get(resource, "labels");
    if (typeof labels === "object" && labels !== null && Reflect.get(labels, ownerLabel) === owner) {
        return true;
    }
    return String(Reflect.get(resource, "description") ?? "").endsWith(ownedDescription("", owner));
}
