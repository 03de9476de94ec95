import type { BucketClient } from "./clients";
import { parseObject } from "./status";

/** An object of a run's model as the VM recorded it in `objects.json`. */
export interface ModelObject {
    name: string;
    sizeBytes: number;
    generation: string;
    crc32c: string;
    md5Hash?: string;
}

/** Prefix of the trainer's own objects. */
export function modelPrefix(runId: string): string {
    return `runs/${runId}/model/`;
}

/**
 * Reads `objects.json` and checks it against the bucket as it is now.
 * @throws when the listing is missing or broken, or when a recorded object is gone or was written over since.
 */
export async function readModelObjects(bucket: BucketClient, runId: string): Promise<ModelObject[]> {
    const name = `runs/${runId}/objects.json`;
    const object = await bucket.stat(name);
    const content = object && (await bucket.read(name, object.generation));
    const uri = `gs://${bucket.bucket}/${name}`;
    if (content === undefined) {
        throw new Error(`${uri} is missing, so the model of run ${runId} cannot be verified`);
    }
    const recorded = parseListing(content.toString("utf8"), uri);
    const live = await bucket.list(modelPrefix(runId));
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

/** Parses `{"schema":1,"pages":[...]}`, each page an answer of objects.list. https://cloud.google.com/storage/docs/json_api/v1/objects/list */
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
