import type { BucketClient, Print } from "./clients";
import { runLayout } from "./layout";
import { parseObject } from "./status";
import { terminalCell } from "./terminal-text";

/** An object in a run's model, as the VM recorded it in `objects.json`. */
export interface ModelObject {
    name: string;
    sizeBytes: number;
    generation: string;
    crc32c: string;
    md5Hash?: string;
}

/**
 * Reads `objects.json` and compares it with the bucket. If that listing is incomplete because it was corrupted during
 * the upload, the objects in the bucket are listed again instead.
 * @throws if the listing is missing, or if a recorded object has been deleted or overwritten since.
 */
export async function readModelObjects(bucket: BucketClient, runId: string, print: Print): Promise<ModelObject[]> {
    const at = runLayout(runId);
    const name = at.objects;
    const object = await bucket.stat(name);
    const content = object && (await bucket.read(object));
    const uri = `gs://${bucket.bucket}/${name}`;
    if (content === undefined) {
        throw new Error(`${uri} is missing, so the model of run ${runId} cannot be verified`);
    }
    const recorded = parseListing(content.toString("utf8"), uri);
    if (recorded === undefined) {
        print(`run ${runId}: ${uri} is incomplete; using the objects now in gs://${bucket.bucket}/${at.model}`);
        return (await bucket.list(at.model)).map(({ createdAt: _created, row: _row, ...listed }) => listed);
    }
    let problems = compareListings(recorded, await bucket.list(at.model));
    if (problems.length > 0) {
        // A response that was corrupted in transit will be correct the next time.
        problems = compareListings(recorded, await bucket.list(at.model));
    }
    if (problems.length > 0) {
        throw new Error(
            `The model of run ${runId} in gs://${bucket.bucket} is not what the run wrote:\n - ${problems.join("\n - ")}`,
        );
    }
    return recorded;
}

function compareListings(recorded: ModelObject[], live: ModelObject[]): string[] {
    const byName = new Map(live.map((object) => [object.name, object]));
    return recorded.flatMap((expected) => {
        const actual = byName.get(expected.name);
        if (actual === undefined) {
            return [`${terminalCell(expected.name)} is gone`];
        }
        const isSame =
            actual.generation === expected.generation &&
            actual.crc32c === expected.crc32c &&
            actual.sizeBytes === expected.sizeBytes;
        const described = ({ generation, sizeBytes, crc32c }: ModelObject) =>
            `${generation} (${sizeBytes} bytes, CRC32C ${crc32c})`;
        return isSame
            ? []
            : [`${terminalCell(expected.name)} is generation ${described(actual)} instead of ${described(expected)}`];
    });
}

/**
 * Parses `{"schema":1,"pages":[...]}`, where each page is a response from objects.list; returns undefined if the text
 * is incomplete. https://cloud.google.com/storage/docs/json_api/v1/objects/list
 * @throws if the text has another schema, i.e. was written by another version of this program.
 */
export function parseListing(text: string, where: string): ModelObject[] | undefined {
    const value = parseObject(text);
    if (value !== undefined && value.schema !== undefined && value.schema !== 1) {
        throw new Error(`${where} is not a listing with schema 1; got ${terminalCell(text.slice(0, 200))}`);
    }
    if (value?.schema !== 1 || !Array.isArray(value.pages)) {
        return undefined;
    }
    const objects: ModelObject[] = [];
    for (const page of value.pages as unknown[]) {
        if (typeof page !== "object" || page === null || "error" in page) {
            return undefined;
        }
        const items: unknown = Reflect.get(page, "items") ?? [];
        for (const item of Array.isArray(items) ? (items as (Record<string, unknown> | null)[]) : [{}]) {
            if (typeof item !== "object" || item === null) {
                return undefined;
            }
            const { name, size, generation, crc32c, md5Hash } = item;
            if (typeof name !== "string" || typeof crc32c !== "string" || !isDigits(generation) || !isDigits(size)) {
                return undefined;
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

function isDigits(value: unknown): boolean {
    return /^\d+$/.test(String(value));
}
