import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
    cpSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { LOADER } from "../helpers/cli-command";

const ROOT = path.resolve(__dirname, "../..");
/** Prints the text of `ReadyApis`, and the text that Pulumi's own class registers for the same provider. */
const PROGRAM = `
    import * as pulumi from "@pulumi/pulumi";
    import { ReadyApis } from "./run/ready-apis";
    import { readyApisProvider } from "./run/ready-apis-provider";

    const texts: Record<string, unknown> = {};
    const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => {
        texts[name] = inputs.__provider;
        return { id: name, state: inputs };
    };
    class Uncached extends pulumi.dynamic.Resource {}
    void (async () => {
        await pulumi.runtime.setMocks({ call: () => ({}), newResource });
        const cached = new ReadyApis("cached", { project: "p", region: "r", services: [] });
        const own = new Uncached(readyApisProvider, "own", {}, undefined, "gcp-trainer", "ReadyApis");
        pulumi.all([cached.urn, own.urn]).apply(() => process.stdout.write(JSON.stringify(texts)));
    })();
`;

let folder: string;
let cache: string;
beforeAll(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "cached-resource-")));
    for (const name of ["run", "tsconfig.json", "package.json"]) {
        cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
    }
    symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
    writeFileSync(path.join(folder, "main.ts"), PROGRAM);
    const copy = createHash("sha256").update(path.join(folder, "run")).digest("hex").slice(0, 16);
    cache = path.join(ROOT, "node_modules/.cache/gcp-trainer", copy);
});
afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(cache, { recursive: true });
});

async function print(): Promise<{ cached: string; own: string }> {
    const { stdout } = await promisify(execFile)(process.execPath, ["-r", LOADER, "main.ts"], { cwd: folder });
    return JSON.parse(stdout) as { cached: string; own: string };
}

it("a cached provider has the text that Pulumi would serialise; an incomplete or outdated entry is not used", async () => {
    const first = await print();
    expect(first.cached).toContain("exports.handler");
    expect(first.cached).toBe(first.own);
    const [name = "", ...more] = readdirSync(cache);
    expect(more).toEqual([]);
    const entry = path.join(cache, name);
    expect(readFileSync(entry, "utf8")).toBe(first.cached);

    writeFileSync(entry, `${first.cached}// from the cache`);
    expect((await print()).cached).toBe(`${first.cached}// from the cache`);

    writeFileSync(entry, "");
    expect((await print()).cached).toBe(first.cached);

    const source = path.join(folder, "run/ready-apis-provider.ts");
    writeFileSync(source, readFileSync(source, "utf8").replace("const minutes = 10;", "const minutes = 11;"));
    const changed = await print();
    expect(changed.cached).toContain("const minutes = 11;");
    expect(changed.cached).toBe(changed.own);
});
