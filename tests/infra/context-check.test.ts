import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contextFiles } from "../../infra/build-context";
import { contextWarnings } from "../../infra/config/context-check";

describe("a trainer's build context", () => {
    let root: string;

    const write = (name: string) => {
        mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
        writeFileSync(path.join(root, name), "");
    };
    const warnings = () => {
        const trainer = path.join(root, "trainer");
        return contextWarnings(trainer, contextFiles(trainer));
    };

    beforeEach(() => {
        root = mkdtempSync(path.join(tmpdir(), "context-"));
        write("trainer/Dockerfile");
        write("trainer/train.py");
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it("is not reported if it contains only sources", () => {
        write("trainer/.github/workflow.yml");
        write("trainer/environment.env.py");
        expect(warnings()).toEqual([]);
    });

    it("is reported once for each of .git, .venv and .env that it contains, with the command that excludes it", () => {
        for (const name of [".git/HEAD", ".git/objects/ab", ".venv/bin/python", "deep/.env"]) {
            write(`trainer/${name}`);
        }
        const found = warnings();
        expect(found).toHaveLength(3);
        expect(found[0]).toContain("includes .git, which contains the history");
        expect(found[0]).toContain(`echo '.git' >> ${root}/trainer/.dockerignore`);
        expect(found[1]).toContain("includes .venv, which contains a Python environment");
        expect(found[2]).toContain("includes deep/.env, which contains secrets");
        expect(found[2]).toContain(`echo 'deep/.env' >> ${root}/trainer/.dockerignore`);
    });

    it("is reported with the name of the Dockerfile's own ignore file if there is one", () => {
        write("trainer/Dockerfile.dockerignore");
        write("trainer/.env");
        expect(warnings()).toEqual([expect.stringContaining("/trainer/Dockerfile.dockerignore")]);
    });

    it("is no longer reported once that command has run", () => {
        write("trainer/.env");
        writeFileSync(path.join(root, "trainer/.dockerignore"), ".env\n");
        expect(warnings()).toEqual([]);
    });

    it("is reported if it contains a file larger than 100 MB", () => {
        write("trainer/data.bin");
        truncateSync(path.join(root, "trainer/data.bin"), 120_000_000);
        expect(warnings()).toEqual([expect.stringContaining("includes data.bin, which is 120 MB in size")]);
    });
});
