import { readFileSync } from "node:fs";
import { nodeProblem } from "../../../cli/shared/check-node";
import { filesNamed, textOf } from "../../helpers/source-files";

describe("the version of Node.js", () => {
    it.each(["18.19.1", "20.19.9", "16.0.0"])("is reported as too old: %s", (version) => {
        expect(nodeProblem(version)).toBe(
            `This needs Node.js 20.20 or newer; got ${version} (https://nodejs.org, or nvm install --lts)`,
        );
    });

    it.each(["20.20.0", "22.0.0", "24.21.0", "26.1.0"])("is new enough: %s", (version) => {
        expect(nodeProblem(version)).toBeUndefined();
    });

    it("is checked by every command before it loads anything else, and matches package.json", () => {
        for (const file of filesNamed(/^main\.ts$/, "cli")) {
            expect([file, textOf(file).split("\n")[0]]).toEqual([file, 'import "../shared/check-node";']);
        }
        const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };
        expect(engines.node).toBe(">=20.20");
    });
});
