/** An IPv4 range: its first address as a number, and the length of its prefix. */
export interface Ipv4Range {
    readonly first: number;
    readonly prefix: number;
}

/** Parses CIDR notation. Returns undefined if it is invalid or has bits set beyond the prefix. */
export function parseRange(text: string): Ipv4Range | undefined {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
    if (match === null) {
        return undefined;
    }
    const [a = 256, b = 256, c = 256, d = 256, prefix = 33] = match.slice(1).map(Number);
    const first = ((a * 256 + b) * 256 + c) * 256 + d;
    const size = 2 ** (32 - prefix);
    return [a, b, c, d].some((byte) => byte > 255) || prefix > 32 || first % size !== 0 ? undefined : { first, prefix };
}

/** Tests whether two ranges overlap. */
export function overlap(one: Ipv4Range, other: Ipv4Range): boolean {
    const end = (range: Ipv4Range) => range.first + 2 ** (32 - range.prefix);
    return one.first < end(other) && other.first < end(one);
}

/** Tests whether a range contains every address of another. */
export function contains(range: Ipv4Range, other: Ipv4Range): boolean {
    return range.prefix <= other.prefix && overlap(range, other);
}

/** Returns an address in dotted notation. */
export function formatAddress(address: number): string {
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/**
 * Tests whether an instance may use the address. Google reserves the first two and the last two addresses of a
 * subnetwork.
 */
export function isUsable(address: string, range: Ipv4Range): boolean {
    const first = parseRange(`${address}/32`)?.first ?? -1;
    return first >= range.first + 2 && first < range.first + 2 ** (32 - range.prefix) - 2;
}

/** Returns the first free address. */
export function freeAddress(range: Ipv4Range, used: ReadonlySet<string>): string | undefined {
    const end = range.first + 2 ** (32 - range.prefix) - 2;
    for (let address = range.first + 2; address < end; address++) {
        if (!used.has(formatAddress(address))) {
            return formatAddress(address);
        }
    }
    return undefined;
}
