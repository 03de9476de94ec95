import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { logsCommand, withoutMarkup } from "../../run/pulumi-output";

/**
 * The output that Pulumi shows for text without colours.
 * https://github.com/pulumi/pulumi/blob/master/sdk/go/common/diag/colors/colors.go
 */
function shownByPulumi(text: string): string {
    return text.replace(/<\{%.*?(?:%\}>|$)/g, "");
}

describe("withoutMarkup", () => {
    it("makes Pulumi show any text unchanged", () => {
        const piece = fc.constantFrom("<", "{", "%", "}", ">", "<{%", "%}>", "<{%reset%}>", "a");
        fc.assert(
            fc.property(fc.array(piece), (pieces) => {
                const text = pieces.join("");
                expect(shownByPulumi(withoutMarkup(text))).toBe(text);
            }),
        );
    });
});

describe("logsCommand", () => {
    const before = process.cwd();
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "logs-command-"));
        process.chdir(folder);
    });
    afterEach(() => {
        process.chdir(before);
        rmSync(folder, { recursive: true });
    });

    it("names this project's command", () => {
        process.chdir(before);
        expect(logsCommand("dev", "--follow")).toBe("npm run logs -- -s dev --follow");
    });

    it.each(["{}", '{"scripts":{"logs":"docker logs x"}}', "not JSON"])("names nothing for %s", (text) => {
        writeFileSync("package.json", text);
        expect(logsCommand("dev", "--follow")).toBeUndefined();
    });
});
