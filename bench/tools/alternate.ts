/**
 * Measures several peers in turn, so that what slows the machine for a while slows all of them: first, second, first,
 * second ... Gives the measurements of each peer.
 */
export async function alternate<P extends string, T>(
    peers: readonly P[],
    repeats: number,
    measure: (peer: P) => Promise<T>,
): Promise<Record<P, T[]>> {
    const results = Object.fromEntries(peers.map((peer) => [peer, [] as T[]])) as Record<P, T[]>;
    for (let repeat = 0; repeat < repeats; repeat++) {
        for (const peer of peers) {
            results[peer].push(await measure(peer));
        }
    }
    return results;
}
