import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createGzip } from "node:zlib";
import { run } from "./command";

/** Sizes of an image, in bytes. */
export interface ImageSize {
    /** Of its files. */
    readonly unpacked: number;
    /** Of its layers as gzip, as a registry keeps them and a machine downloads them. */
    readonly compressed: number;
}

/** Measures an image of the local engine: packs each layer as `docker push` does, gzip of the usual level. */
export async function sizeOfImage(image: string): Promise<ImageSize> {
    const folder = await mkdtemp(path.join(tmpdir(), "gcp-trainer-bench-image-"));
    try {
        const archive = path.join(folder, "image.tar");
        await run({ program: "docker", args: ["save", "--output", archive, image] });
        await run({ program: "tar", args: ["-xf", archive, "-C", folder] });
        await rm(archive);
        const [manifest] = JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8")) as {
            Layers: string[];
        }[];
        const layers = (manifest?.Layers ?? []).map((layer) => path.join(folder, layer));
        const unpacked = await Promise.all(layers.map(async (layer) => (await stat(layer)).size));
        const compressed = await Promise.all(layers.map(gzipSize));
        return { unpacked: sum(unpacked), compressed: sum(compressed) };
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

async function gzipSize(file: string): Promise<number> {
    let size = 0;
    for await (const chunk of createReadStream(file).pipe(createGzip())) {
        size += (chunk as Buffer).length;
    }
    return size;
}

function sum(values: readonly number[]): number {
    return values.reduce((total, value) => total + value, 0);
}
