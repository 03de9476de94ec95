// @ts-check
// --seconds=N sets the training time. With --hold=N, the training ends only after a test has put the object `release`
// next to the checkpoints; different numbers are different runs. --failures=N makes the first N attempts, counted by
// their checkpoints, exit with status 3. Only the hash of a secret API_KEY is printed.

const { createHash } = require("node:crypto");

const origin = process.env.STORAGE_EMULATOR_HOST ?? "https://storage.googleapis.com";

/** @param {string} name */
function numberArgument(name) {
    const argument = process.argv.find((one) => one.startsWith(`--${name}=`));
    return Number(argument?.slice(name.length + 3) ?? 0);
}

/** @param {string | undefined} uri */
function parse(uri) {
    const [, bucket = "", prefix = ""] = /^gs:\/\/([^/]+)\/(.*)$/.exec(uri ?? "") ?? [];
    return { bucket, prefix };
}

/** @param {string | undefined} folder @param {string} name @param {unknown} content */
async function write(folder, name, content) {
    const { bucket, prefix } = parse(folder);
    const query = new URLSearchParams({ uploadType: "media", name: prefix + name });
    const response = await fetch(`${origin}/upload/storage/v1/b/${bucket}/o?${query}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(content),
    });
    if (!response.ok) {
        throw new Error(`${name}: HTTP ${response.status} ${await response.text()}`);
    }
}

/** @param {string | undefined} folder @param {string} start */
async function count(folder, start) {
    const { bucket, prefix } = parse(folder);
    const query = new URLSearchParams({ prefix: prefix + start });
    const response = await fetch(`${origin}/storage/v1/b/${bucket}/o?${query}`);
    const { items = [] } = /** @type {{ items?: unknown[] }} */ (await response.json());
    return items.length;
}

// Without a handler, SIGTERM does not end the first process of a container.
process.on("SIGTERM", () => process.exit(143));

async function main() {
    const { AIP_CHECKPOINT_DIR, AIP_MODEL_DIR } = process.env;
    const earlier = await count(AIP_CHECKPOINT_DIR, "attempt-");
    await write(AIP_CHECKPOINT_DIR, `attempt-${earlier + 1}.json`, {});
    if (earlier < numberArgument("failures")) {
        console.log("tiny trainer: this attempt fails");
        process.exitCode = 3;
        return;
    }
    if (process.env.API_KEY !== undefined) {
        console.log(`API_KEY has the hash ${createHash("sha256").update(process.env.API_KEY).digest("hex")}`);
    }
    const seconds = numberArgument("seconds");
    for (let second = 1; second <= seconds; second += 1) {
        console.log(`tiny trainer: second ${second} of ${seconds}`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    if (numberArgument("hold") > 0) {
        while ((await count(AIP_CHECKPOINT_DIR, "release")) === 0) {
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
        console.log("tiny trainer: released");
    }
    await write(AIP_MODEL_DIR, "model.json", { earlier });
    await write(AIP_MODEL_DIR, "metrics.json", { accuracy: 1 });
}

main().catch((error) => {
    console.error(error);
    process.exitCode = 70;
});
