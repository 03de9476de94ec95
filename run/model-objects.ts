import type { BucketClient } from "./clients";
import { ownFiles, runLayout } from "./layout";
import { parseObject } from "./status";

/** An object of a run's model, as the VM recorded it in `objects.json`. */
export interface ModelObject {
    name: string;
    sizeBytes: number;
    generation: string;
    crc32c: string;
    md5Hash?: string;
}

/**
 * Reads `objects.json` and compares it with the bucket.
 * @throws if the listing is missing or broken, or if a recorded object has been deleted or overwritten since.
 */
export async function readModelObjects(bucket: BucketClient, runId: string): Promise<ModelObject[]> {
    const at = runLayout(runId);
    const name = at.objects;
    const object = await bucket.stat(name);
    const content = object && (await bucket.read(name, object.generation));
    const uri = `gs://${bucket.bucket}/${name}`;
    if (content === undefined) {
        throw new Error(`${uri} is missing, so the model of run ${runId} cannot be verified`);
    }
    const recorded = parseListing(content.toString("utf8"), uri);
    const live = await bucket.list(at.model);
    const problems: string[] = [];
    for (const expected of recorded) {
        const actual = live.find((candidate) => candidate.name === expected.name);
        if (actual === undefined) {
            problems.push(`${expected.name} is gone`);
        } else if (
            actual.generation !== expected.generation ||
            actual.crc32c !== expected.crc32c ||
            actual.sizeBytes !== expected.sizeBytes
        ) {
            problems.push(
                `${expected.name} is generation ${actual.generation} (${actual.sizeBytes} bytes, CRC32C ${actual.crc32c}) ` +
                    `instead of ${expected.generation} (${expected.sizeBytes} bytes, CRC32C ${expected.crc32c})`,
            );
        }
    }
    if (problems.length > 0) {
        throw new Error(
            `The model of run ${runId} in gs://${bucket.bucket} is not what the run wrote:\n - ${problems.join("\n - ")}`,
        );
    }
    return recorded;
}

/**
 * Parses `{"schema":1,"pages":[...]}`, each page a response of objects.list.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/list
 */
export function parseListing(text: string, where: string): ModelObject[] {
    const value = parseObject(text);
    if (value?.schema !== 1 || !Array.isArray(value.pages)) {
        throw new Error(`${where} is not a listing of schema 1; got ${text.slice(0, 200)}`);
    }
    const objects: ModelObject[] = [];
    for (const page of value.pages as { items?: unknown }[]) {
        for (const item of Array.isArray(page.items) ? (page.items as Record<string, unknown>[]) : []) {
            const { name, size, generation, crc32c, md5Hash } = item;
            if (typeof name !== "string" || typeof crc32c !== "string" || !generation || Number.isNaN(Number(size))) {
                throw new Error(
                    `${where} lists an object without name, size, generation or crc32c: ${JSON.stringify(item)}`,
                );
            }
            objects.push({
                name,
                sizeBytes: Number(size),
                generation: String(generation),
                crc32c,
                ...(typeof md5Hash === "string" ? { md5Hash } : {}),
            });
        }
    }
    return objects;
}

/**
 * Path of an object under `model/` relative to the run's folder, with "/" between the parts. A trainer's object with the
 * name of one of the waiter's own files keeps its folder `model/`.
 * @throws if the name could lead out of the folder, or is not a valid file name on every system.
 */
export function toLocalPath(objectName: string, prefix: string): string {
    const path = objectName.slice(prefix.length);
    const parts = path.split("/");
    const problem = !objectName.startsWith(prefix)
        ? `it is not under ${prefix}`
        : parts.some((part) => part === "" || part === "." || part === "..")
          ? 'a part of it is empty, "." or ".."'
          : path.includes("\\")
            ? "it contains a backslash"
            : /^[A-Za-z]:/.test(path) || (process.platform === "win32" && path.includes(":"))
              ? "it looks like a drive letter"
              : [...path].some((character) => character < " ")
                ? "it contains a control character"
                : undefined;
    if (problem) {
        throw new Error(
            `The object ${JSON.stringify(objectName)} cannot be saved as a file: ${problem}. ` +
                "Let the trainer write plain names, separated by /.",
        );
    }
    return Object.values(ownFiles).includes(path.toLowerCase()) ? `model/${path}` : path;
}
