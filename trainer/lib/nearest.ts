/** The candidate closest to a mistyped word, if it is at most `maxEdits` edits away. */
export function nearest<T>(
    word: string,
    candidates: readonly T[],
    maxEdits: number,
    textOf: (candidate: T) => string,
): T | undefined {
    const ranked = candidates.map((candidate) => ({ candidate, edits: editDistance(word, textOf(candidate)) }));
    const [best] = ranked.sort((a, b) => a.edits - b.edits);
    return best && best.edits <= maxEdits ? best.candidate : undefined;
}

/** The Levenshtein distance. */
function editDistance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
