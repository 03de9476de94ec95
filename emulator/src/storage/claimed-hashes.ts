import { invalid } from "../http/errors";

/** Hashes of an object's content in base64, as claimed by its writer. */
export interface ClaimedHashes {
    readonly md5Hash?: string | undefined;
    readonly crc32c?: string | undefined;
}

const FIELDS: Readonly<Record<string, keyof ClaimedHashes>> = { md5: "md5Hash", crc32c: "crc32c" };

/**
 * Parses an `X-Goog-Hash: crc32c=AAAAAA==,md5=...` header.
 * https://cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash
 *
 * @throws ApiError 400 for another algorithm, whose hash would not be verified
 */
export function parseClaimedHashes(header: string | string[] | undefined): ClaimedHashes {
    const pairs = String(header ?? "")
        .split(",")
        .map((pair) => pair.trim())
        .filter((pair) => pair !== "");
    return pairs.map(parsePair).reduce(combineHashes, {});
}

function parsePair(pair: string): ClaimedHashes {
    const equals = pair.indexOf("=");
    const algorithm = pair.slice(0, Math.max(equals, 0)).toLowerCase();
    const field = Object.hasOwn(FIELDS, algorithm) ? FIELDS[algorithm] : undefined;
    if (field === undefined) {
        throw invalid(`X-Goog-Hash must contain crc32c=... or md5=...; got "${pair}".`, "X-Goog-Hash");
    }
    return { [field]: pair.slice(equals + 1) };
}

/**
 * Combines the claims of two parts of an upload.
 *
 * @throws ApiError 400 if they contradict each other
 */
export function combineHashes(first: ClaimedHashes, second: ClaimedHashes): ClaimedHashes {
    for (const field of Object.values(FIELDS)) {
        const [one, other] = [first[field], second[field]];
        if (one !== undefined && other !== undefined && one !== other) {
            throw invalid(`The upload claims two different hashes, ${field} "${one}" and "${other}".`, field);
        }
    }
    return { md5Hash: first.md5Hash ?? second.md5Hash, crc32c: first.crc32c ?? second.crc32c };
}
