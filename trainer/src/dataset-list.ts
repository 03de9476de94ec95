import { readIntact } from "./download";
import { formatGcsUri, type GcsUri, type ObjectUri, type TrainerEnvironment } from "./environment";
import { StorageError } from "./errors";
import type { ObjectStore } from "./storage";

/**
 * The objects of the dataset in the order in which they are read: those in the list, each with the generation to read,
 * or else the current ones.
 * @throws {StorageError}
 */
export async function listParts(
    storage: ObjectStore,
    { dataset, datasetList }: TrainerEnvironment,
    print: (line: string) => void,
): Promise<ObjectUri[]> {
    if (datasetList === undefined) {
        return await storage.list(dataset);
    }
    const text = await readIntact(() => storage.read(datasetList), readText, print);
    return parseList(text, datasetList);
}

async function readText(content: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) {
        chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
}

/** Parses `{"schema": 1, "bucket": ..., "objects": [{"name": ..., "generation": ...}]}`, and ignores other members. */
function parseList(text: string, uri: GcsUri): ObjectUri[] {
    const fail = (what: string) =>
        new StorageError(`Cannot read ${formatGcsUri(uri)}: it must be a list of a dataset's objects; ${what}`);
    let list: { schema?: unknown; bucket?: unknown; objects?: unknown } | null;
    try {
        list = JSON.parse(text);
    } catch {
        throw fail("it is not JSON");
    }
    const { schema, bucket, objects } = list ?? {};
    if (schema !== 1 || typeof bucket !== "string" || !Array.isArray(objects) || objects.length === 0) {
        throw fail("it needs schema 1, a bucket and at least one object");
    }
    return objects.map((object: { name?: unknown; generation?: unknown } | null, index) => {
        const { name, generation } = object ?? {};
        if (typeof name !== "string" || typeof generation !== "string" || !/^\d+$/.test(generation)) {
            throw fail(`objects[${index}] needs a name and a generation`);
        }
        return { bucket, path: name, generation };
    });
}
