import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { loadServiceUnit } from "../../emulator/src/vm/process/units/service-unit";
import { type BootConfig, maxVmSeconds, renderUserData } from "../../infra/user-data";

const BOOT_DIR = path.resolve(__dirname, "../../boot");
const UNIT_PATH = "/etc/systemd/system/gcp-trainer.service";
const READY_PATH = "/etc/systemd/system/gcp-trainer-ready.target";
const CONFIG: BootConfig = {
    project: "demo-project",
    region: "us-central1",
    bucket: "iris-bucket",
    runId: "r-0123456789",
    image: "us-central1-docker.pkg.dev/demo-project/trainer/trainer@sha256:12ab",
    datasetUri: "gs://iris-bucket/data/0a1b2c3d4e/iris.csv",
    args: ["--maxDepth=3"],
    env: {},
    maxRunSeconds: 3600,
    pullSeconds: 900,
    uploadSeconds: 300,
    debugSeconds: 0,
    maxAttempts: 3,
    privileged: false,
    writableRoot: false,
    gpuCount: 0,
};

interface CloudConfig {
    write_files: { path: string; permissions: string; encoding?: string; content: string }[];
    runcmd: string[][];
}

function render(config: Partial<BootConfig> = {}): CloudConfig {
    return parse(renderUserData({ ...CONFIG, ...config }), { version: "1.1" }) as CloudConfig;
}

function contentOf(cloudConfig: CloudConfig, path: string): string {
    const file = cloudConfig.write_files.find((one) => one.path === path);
    return Buffer.from(file?.content ?? "", file?.encoding === "b64" ? "base64" : "utf8").toString();
}

/** Returns the names and values that the script reads, as pairs. */
function valuesOf(config: Partial<BootConfig>): [string, string][] {
    const words = contentOf(render(config), "/etc/gcp-trainer/config").split("\0");
    return words.slice(0, -1).flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? ""]] : []));
}

/** Strings that can be process arguments, which cannot contain NUL. */
const text = fc.string({ unit: "binary", maxLength: 40 }).map((one) => one.replaceAll("\0", "\n"));
const hard = fc.oneof(
    text,
    fc.constantFrom("", " ", "$HOME `id` %s %%", "a\nb\n", '"\\', "'", "-- *", "ä😀\u007f\u0001"),
);

describe("renderUserData", () => {
    test("renders a cloud-config with the unit, its limits, the scripts of boot/ and their values", () => {
        const cloudConfig = render();
        expect(renderUserData(CONFIG).split("\n", 1)[0]).toBe("#cloud-config");
        expect(Object.keys(cloudConfig)).toEqual(["write_files", "runcmd"]);
        expect(cloudConfig.runcmd).toEqual([
            ["systemctl", "daemon-reload"],
            ["systemctl", "start", "--no-block", "gcp-trainer.service"],
        ]);
        // Two scripts replace systemd on Batch VMs, and one is for stacks with notifications.
        const others = ["batch.sh", "sweep.sh", "notify.sh"];
        const scripts = readdirSync(BOOT_DIR).filter((file) => file.endsWith(".sh") && !others.includes(file));
        expect(cloudConfig.write_files.map((file) => file.path).sort()).toEqual(
            [
                ...scripts.map((file) => `/etc/gcp-trainer/${file}`),
                "/etc/gcp-trainer/config",
                UNIT_PATH,
                `${UNIT_PATH}.d/10-limits.conf`,
                READY_PATH,
                `${READY_PATH}.d/10-limits.conf`,
            ].sort(),
        );
        for (const file of scripts) {
            expect(contentOf(cloudConfig, `/etc/gcp-trainer/${file}`)).toBe(
                readFileSync(path.join(BOOT_DIR, file), "utf8"),
            );
        }
        expect(cloudConfig.write_files.find((file) => file.path.endsWith("/config"))?.permissions).toBe("0600");
    });

    test("contains the notification script and the topic only if the run has a topic", () => {
        const notification = { topic: "projects/p/topics/t", stack: "dev", runName: 'two "words"' };
        const pathsOf = (config: Partial<BootConfig>) => render(config).write_files.map((file) => file.path);
        const added = ["/etc/gcp-trainer/notification", "/etc/gcp-trainer/notify.sh"];
        expect(
            pathsOf({ notification })
                .filter((one) => !pathsOf({}).includes(one))
                .sort(),
        ).toEqual(added);
        expect(contentOf(render({ notification }), "/etc/gcp-trainer/notification")).toBe(
            'projects/p/topics/t\n{"stack":"dev","runName":"two \\"words\\"","bucket":"iris-bucket"\n',
        );
    });

    test("stays well below the 256 KiB limit for instance metadata", () => {
        expect(Buffer.byteLength(renderUserData(CONFIG))).toBeLessThan(100 * 1024);
    });

    test("renders the same text regardless of the order of the environment variables", () => {
        const one = renderUserData({ ...CONFIG, env: { A: "1", B: "2" } });
        expect(renderUserData({ ...CONFIG, env: { B: "2", A: "1" } })).toBe(one);
    });

    test("renders a unit that follows systemd's rules, with the three limits and a power-off after every outcome", () => {
        const cloudConfig = render({ debugSeconds: 600 });
        const sources = [UNIT_PATH, `${UNIT_PATH}.d/10-limits.conf`].map((path) => ({
            path,
            text: contentOf(cloudConfig, path),
        }));
        const unit = loadServiceUnit("gcp-trainer.service", sources);
        expect(unit).toMatchObject({
            killMode: "mixed",
            successAction: "poweroff",
            failureAction: "poweroff",
            console: true,
            timeoutStartMs: (600 + 900 + 60) * 1000,
            runtimeMaxMs: 3600 * 1000,
            timeoutStopMs: (20 + 300 + 600 + 60) * 1000,
        });
        expect(unit.commands.ExecStopPost[0]?.ignoreFailure).toBe(true);
        expect(sources[0]?.text).toMatch(/^Type=exec$/m);
        expect(sources[0]?.text).toMatch(
            /^After=gcp-trainer-ready\.target network-online\.target docker\.service docker\.socket$/m,
        );
    });

    test("limits the time until the unit starts, and does not wait for gcr.io", () => {
        const cloudConfig = render();
        const text = contentOf(cloudConfig, READY_PATH);
        expect(text).toMatch(/^JobTimeoutAction=poweroff$/m);
        expect(contentOf(cloudConfig, `${READY_PATH}.d/10-limits.conf`)).toBe("[Unit]\nJobTimeoutSec=240\n");
        expect(contentOf(cloudConfig, UNIT_PATH)).toMatch(/^Requires=gcp-trainer-ready\.target$/m);
        for (const unit of [READY_PATH, UNIT_PATH]) {
            expect(contentOf(cloudConfig, unit)).not.toMatch(/^(Wants|After|Requires)=.*gcr-online/m);
        }
    });

    test("sets the environment variables of the trainer contract, which users cannot override", () => {
        const env = valuesOf({ env: { Z: "last", AIP_MODEL_DIR: "gs://elsewhere/" } }).filter(
            ([name]) => name === "env",
        );
        expect(env.map(([, value]) => value)).toEqual([
            "PYTHONUNBUFFERED=1",
            "AIP_MODEL_DIR=gs://iris-bucket/runs/r-0123456789/model/",
            "Z=last",
            "AIP_TRAINING_DATA_URI=gs://iris-bucket/data/0a1b2c3d4e/iris.csv",
            "AIP_DATA_FORMAT=csv",
            "AIP_CHECKPOINT_DIR=gs://iris-bucket/runs/r-0123456789/checkpoints/",
            "AIP_TENSORBOARD_LOG_DIR=gs://iris-bucket/runs/r-0123456789/logs/",
            "CLOUD_ML_PROJECT_ID=demo-project",
            "CLOUD_ML_REGION=us-central1",
        ]);
    });

    test("lets users turn Python's output buffering back on", () => {
        const env = valuesOf({ env: { PYTHONUNBUFFERED: "" } }).map(([, value]) => value);
        expect(env.filter((value) => value.startsWith("PYTHONUNBUFFERED"))).toEqual(["PYTHONUNBUFFERED="]);
    });

    test.each([
        ["gs://b/x.JSONL", "jsonl"],
        ["gs://b/x.csv", "csv"],
        ["gs://b/x.csv.gz", undefined],
        ["gs://b/csv", undefined],
    ])("derives the format of %s from its extension: %s", (datasetUri, format) => {
        const values = valuesOf({ datasetUri }).map(([, value]) => value);
        expect(values.filter((value) => value.startsWith("AIP_DATA_FORMAT="))).toEqual(
            format === undefined ? [] : [`AIP_DATA_FORMAT=${format}`],
        );
    });

    test("passes any arguments and environment to bash unchanged", () => {
        const folder = mkdtempSync(path.join(tmpdir(), "boot-config-"));
        try {
            fc.assert(
                fc.property(fc.array(hard, { maxLength: 8 }), hard, (args, value) => {
                    const config = contentBytes(render({ args, env: { NAME: value } }));
                    writeFileSync(path.join(folder, "config"), config);
                    const read = bash(
                        `read_config "$1"; printf "%s\\0" \${ARGS[@]+"\${ARGS[@]}"} "\${CONTAINER_ENV[1]}"`,
                        [path.join(folder, "config")],
                    );
                    expect(read.split("\0").slice(0, -1)).toEqual([...args, `NAME=${value}`]);
                }),
                { numRuns: 60 },
            );
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    test("rejects a NUL character, which an argument cannot contain", () => {
        expect(() => render({ args: ["--a=\0"] })).toThrow(
            'The VM\'s arg must not contain a NUL character; got "--a=\\u0000"',
        );
    });
});

describe("maxVmSeconds", () => {
    test("is the sum of the unit's limits and 300 s for booting", () => {
        expect(maxVmSeconds({ ...CONFIG, debugSeconds: 60 })).toBe(600 + 900 + 60 + 3600 + 20 + 300 + 60 + 60 + 300);
    });

    test("includes time for the GPU driver", () => {
        expect(maxVmSeconds({ ...CONFIG, gpuCount: 1 }) - maxVmSeconds(CONFIG)).toBe(900);
    });
});

describe("the boot script", () => {
    const scripts = readdirSync(BOOT_DIR)
        .filter((file) => file.endsWith(".sh"))
        .map((file) => path.join(BOOT_DIR, file));

    test("is valid bash", () => {
        for (const script of scripts) {
            execFileSync("bash", ["-n", script]);
        }
    });

    test("uses only bash 3.2 features", () => {
        const tooNew =
            /\b(mapfile|readarray|declare -A|local -[nA]|wait -n|BASHPID|EPOCH\w+|coproc)\b|\|&|&>>|\$\{\w+(\^|,)|\$\{\w+\[-|read -t/;
        for (const script of scripts) {
            const code = readFileSync(script, "utf8").replaceAll(/^\s*#.*$/gm, "");
            expect(code).not.toMatch(tooNew);
        }
    });

    const shellcheck = spawnSync("shellcheck", ["--version"]).error === undefined;
    (shellcheck ? test : test.skip)(
        `passes shellcheck${shellcheck ? "" : " (skipped: shellcheck is not installed)"}`,
        () => {
            const { stdout } = spawnSync("shellcheck", ["--external-sources", ...scripts], {
                cwd: path.resolve(BOOT_DIR, ".."),
                encoding: "utf8",
            });
            expect(stdout).toBe("");
        },
    );

    const analyze = spawnSync("systemd-analyze", ["--version"]).error === undefined;
    (analyze ? test : test.skip)(
        `has a unit that systemd accepts${analyze ? "" : " (skipped: systemd-analyze is not installed)"}`,
        () => {
            const { stderr } = spawnSync("systemd-analyze", ["verify", path.join(BOOT_DIR, "gcp-trainer.service")], {
                encoding: "utf8",
            });
            // Other systems lack some of Container-Optimized OS's targets and sockets.
            expect(stderr.split("\n").filter((line) => line.includes("gcp-trainer.service"))).toEqual([]);
        },
    );

    test("renders any text as a JSON string", () => {
        fc.assert(
            fc.property(fc.array(hard, { minLength: 1, maxLength: 20 }), (texts) => {
                const out = bash('for one in "$@"; do json_text "$one"; printf "\\n"; done', texts);
                expect(
                    out
                        .split("\n")
                        .slice(0, -1)
                        .map((line) => JSON.parse(line)),
                ).toEqual(texts);
            }),
            { numRuns: 30 },
        );
    });

    test("percent-encodes any object name", () => {
        fc.assert(
            fc.property(fc.array(hard, { minLength: 1, maxLength: 20 }), (texts) => {
                const out = bash('for one in "$@"; do url_text "$one"; printf "\\n"; done', texts);
                const lines = out.split("\n").slice(0, -1);
                expect(lines.map(decodeURIComponent)).toEqual(texts);
                expect(out).toMatch(/^[\w.~%\n-]*$/);
            }),
            { numRuns: 30 },
        );
    });

    test("shortens text without splitting a character", () => {
        fc.assert(
            fc.property(text, fc.integer({ min: 1, max: 30 }), (one, bytes) => {
                const short = bash('shorten "$1" "$2"', [one, String(bytes)]);
                expect(short).not.toContain("\ufffd");
                expect(one.startsWith(short.replace(/\.\.\.$/, ""))).toBe(true);
                expect(Buffer.byteLength(short)).toBeLessThanOrEqual(bytes + 3);
            }),
            { numRuns: 60 },
        );
    });
});

function contentBytes(cloudConfig: CloudConfig): Buffer {
    const file = cloudConfig.write_files.find((one) => one.path === "/etc/gcp-trainer/config");
    return Buffer.from(file?.content ?? "", "base64");
}

/** Runs a line of bash with the script's functions loaded. */
function bash(line: string, args: string[]): string {
    const source = path.join(BOOT_DIR, "common.sh");
    return execFileSync("bash", ["-u", "-c", `. "${source}"; ${line}`, "bash", ...args], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, LC_ALL: "C" },
        // If standard input were a socket, bash would act as a remote shell and read its startup files.
        stdio: ["ignore", "pipe", "inherit"],
    });
}
