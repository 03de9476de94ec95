/**
 * True for the code of an operation that failed because a zone is out of stock, such as
 * `ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS`.
 * https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-resource-availability
 */
export function isStockOut(code: string): boolean {
    return /^(ZONE_)?RESOURCE_POOL_EXHAUSTED|^STOCKOUT$/.test(code);
}

/**
 * Returns the zone that an error of the gcp provider or of a run reports as out of stock, if there is one.
 * https://github.com/CCExtractor/sample-platform/issues/901 shows the text.
 */
export function stockedOutZone(text: string): string | undefined {
    return /The zone '(?:projects\/[^/']+\/zones\/)?([a-z0-9-]+)' does not have enough resources/.exec(text)?.[1];
}

/** Part of the error of a run whose last attempt cannot start, because the run's VM is a spot VM. */
export const standardVmNeeded = "its last attempt needs a standard VM";

/**
 * Returns the reason why an immediate second update would get further than the failed one, or undefined if it would
 * not. The update chooses another zone or another VM by itself.
 * @param text the errors of the failed update
 * @param hasZones true if the stack may use several zones
 */
export function retryReason(text: string, hasZones: boolean): string | undefined {
    const zone = stockedOutZone(text);
    if (zone !== undefined) {
        return hasZones ? `${zone} is out of stock` : undefined;
    }
    return text.includes(standardVmNeeded) ? "the last attempt of the run needs a standard VM" : undefined;
}

/** True if a value of `zones`, as the config stores it, allows several zones: `any`, or a list. */
export function listsZones(value: string | undefined): boolean {
    return value === "any" || (value ?? "").includes(",");
}
