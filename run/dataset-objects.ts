import { canonicalJson } from "./canonical-json";
import { systemClock } from "./clients";
import { createAuth, readCloudSettings } from "./credentials";
import { detailOf, httpStatusOf } from "./errors";
import { apiErrorOf, type Body, type Call, isDisabledApi, openCall, readEndpoints } from "./google-api";

/** Several objects in a bucket: a folder, or the objects whose names match a pattern. */
export interface ObjectSelection {
    bucket: string;
    /** A folder, which ends in a slash, or a pattern: `*` stands for any text without a slash, `**` for any text. */
    pattern: string;
}

/** One generation of an object in a dataset. */
export interface DatasetObject {
    name: string;
    generation: string;
    sizeBytes: number;
    /** Base64; missing for a composite object. */
    md5Hash?: string;
    /** Base64. */
    crc32c: string;
}

/** The limits on a dataset, on the search for its objects, and on one page of a listing. */
export const datasetLimits = { objects: 10_000, searched: 200_000, page: 1000 };

/** The part of a pattern before its first `*`, or the whole name of a folder. */
export function literalPrefix(pattern: string): string {
    return pattern.split("*", 1)[0] ?? "";
}

/** The folder that contains all matches: the literal prefix up to its last slash. */
export function commonFolder(pattern: string): string {
    const prefix = literalPrefix(pattern);
    return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}

/**
 * Lists the objects of a dataset, sorted by name, with the gcp provider's credentials.
 * @param config returns the value of a key such as `gcp:accessToken`
 * @throws an error whose message begins with "must" if there are no objects or too many, if one is empty, or if they
 * cannot be listed
 */
export async function listDataset(
    selection: ObjectSelection,
    config: (key: string) => string | undefined,
): Promise<DatasetObject[]> {
    const settings = readCloudSettings(config, process.env);
    const uri = `gs://${selection.bucket}/${selection.pattern}`;
    const got = `got ${JSON.stringify(uri)}`;
    let found: Listing | undefined;
    try {
        const call = openCall(await createAuth(settings), systemClock());
        found = await listAll(call, readEndpoints(config, process.env, settings).storage, selection);
    } catch (error) {
        throw new Error(`must match objects that you can list; ${got} ${unlistable(error, selection.bucket)}`);
    }
    if (found === undefined) {
        throw new Error(`must be in a bucket that exists; ${got} (gcloud storage buckets list)`);
    }
    const { objects, folders, isCut } = found;
    if (objects.length > datasetLimits.objects) {
        const most = datasetLimits.objects.toLocaleString("en-US");
        throw new Error(
            `must match at most ${most} objects; ${got}, which matches more (gcloud storage objects compose)`,
        );
    }
    if (isCut) {
        const most = datasetLimits.searched.toLocaleString("en-US");
        const place = `gs://${selection.bucket}/${literalPrefix(selection.pattern)}`;
        throw new Error(
            `must be a pattern that is resolved by checking at most ${most} objects; ${got}, but more than ${most} ` +
                `objects have names that begin with ${place} (add more text before the first *)`,
        );
    }
    if (objects.length === 0) {
        const folder = commonFolder(selection.pattern);
        const subfolders = folders === 1 ? ", only a subfolder" : folders > 0 ? `, only ${folders} subfolders` : "";
        throw new Error(
            `must match at least one object; ${got}, which matches none${subfolders} ` +
                `(gcloud storage ls 'gs://${selection.bucket}/${folder}${folders > 0 ? "**" : ""}')`,
        );
    }
    const empty = objects.find(({ sizeBytes }) => sizeBytes === 0);
    if (empty !== undefined) {
        throw new Error(`must match only non-empty objects; ${got}, which matches ${empty.name} (0 bytes)`);
    }
    return objects.sort((one, other) => (one.name < other.name ? -1 : 1));
}

interface Listing {
    objects: DatasetObject[];
    /** Number of subfolders that were left out. */
    folders: number;
    /** Number of objects that were compared with the pattern. */
    searched: number;
    /** True if there are more objects than may be searched. */
    isCut: boolean;
}

/** The matching objects; undefined if the bucket does not exist. */
async function listAll(
    call: Call,
    storageUrl: string,
    { bucket, pattern }: ObjectSelection,
): Promise<Listing | undefined> {
    const matches = matcherOf(pattern);
    const prefix = literalPrefix(pattern);
    const rest = pattern.slice(prefix.length);
    // Cloud Storage itself omits subfolders.
    const delimiter = rest.includes("/") || rest.includes("**") ? "" : "/";
    const fields = "kind,nextPageToken,prefixes,items(name,generation,size,md5Hash,crc32c)";
    const listing: Listing = { objects: [], folders: 0, searched: 0, isCut: false };
    let pageToken = "";
    do {
        const query = new URLSearchParams({
            prefix,
            fields,
            maxResults: String(datasetLimits.page),
            ...(delimiter ? { delimiter } : {}),
            ...(pageToken ? { pageToken } : {}),
        });
        const page = await call("GET", `${storageUrl}b/${encodeURIComponent(bucket)}/o?${query}`);
        if (page === undefined) {
            return undefined;
        }
        if (page.kind !== "storage#objects") {
            throw new Error("the response does not come from Cloud Storage");
        }
        const items = (page.items ?? []) as Body[];
        listing.folders += ((page.prefixes ?? []) as string[]).length;
        listing.searched += items.length;
        listing.objects.push(
            ...items
                .filter(({ name }) => matches(String(name)))
                .map(toObject)
                .filter(isData),
        );
        pageToken = String(page.nextPageToken ?? "");
        listing.isCut =
            pageToken !== "" &&
            (listing.searched >= datasetLimits.searched || listing.objects.length > datasetLimits.objects);
    } while (pageToken !== "" && !listing.isCut);
    return listing;
}

/** Returns a test for names. A folder matches its objects, except hidden ones and the folder's own placeholder. */
function matcherOf(pattern: string): (name: string) => boolean {
    if (!pattern.includes("*")) {
        return (name) => name.startsWith(pattern) && name !== pattern && name[pattern.length] !== ".";
    }
    const source = pattern
        .split(/(\*+)/)
        .map((part, index) =>
            index % 2 === 0 ? part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : part === "*" ? "[^/]*" : ".*",
        );
    const expression = new RegExp(`^${source.join("")}$`, "s");
    return (name) => expression.test(name) && !name.endsWith("/");
}

function toObject({ name, generation, size, md5Hash, crc32c }: Body): DatasetObject {
    return {
        name: String(name),
        generation: String(generation),
        sizeBytes: Number(size),
        ...(typeof md5Hash === "string" ? { md5Hash } : {}),
        crc32c: String(crc32c),
    };
}

/** False for an empty object that marks the end of a job, such as Spark's `_SUCCESS`. */
function isData({ name, sizeBytes }: DatasetObject): boolean {
    return sizeBytes > 0 || !/(^|\/)_[^/]*$/.test(name);
}

/** The reason why a bucket cannot be listed, with the command that fixes the problem. */
function unlistable(error: unknown, bucket: string): string {
    const { message = detailOf(error) } = apiErrorOf(error);
    const reason = message.replace(/\.\s*$/, "");
    if (isDisabledApi(error)) {
        return `but ${reason} (gcloud services enable storage.googleapis.com)`;
    }
    const grant = `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member user:YOU --role roles/storage.objectViewer`;
    return httpStatusOf(error) === 403 ? `but ${reason} (${grant})` : `but ${reason}`;
}

/**
 * The dataset's part of the run id. The same files in a folder on this machine have the same identity, unless an object
 * has no MD5.
 */
export function identityOf(objects: readonly DatasetObject[], pattern: string): string {
    const { createHash } = require("node:crypto") as typeof import("node:crypto");
    const start = commonFolder(pattern).length;
    const covered = objects.map(({ name, sizeBytes, md5Hash, crc32c }) => [
        name.slice(start),
        sizeBytes,
        md5Hash ?? `crc32c:${crc32c}`,
    ]);
    return `files:${createHash("sha256").update(canonicalJson(covered)).digest("base64")}`;
}

/** The text of the object that tells a container which generations to read, with one object per line. */
export function renderDatasetList({ bucket, pattern }: ObjectSelection, objects: readonly DatasetObject[]): string {
    const head = JSON.stringify({ schema: 1, uri: `gs://${bucket}/${pattern}`, bucket }).slice(0, -1);
    return `${head},"objects":[\n${objects.map((object) => JSON.stringify(object)).join(",\n")}\n]}\n`;
}
