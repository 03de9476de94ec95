import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { configTable } from "../helpers/config-table";

const ROOT = path.join(__dirname, "..", "..");
const PAGE = path.join(ROOT, "docs", "configuration.md");
const TABLE = /(?<=<!-- config table[^>]*-->\n)[\s\S]*?(?=<!-- end of config table -->)/;

// `UPDATE_DOCS=1 npx jest tests/infra/configuration-page` writes the table instead of checking it.
it("docs/configuration.md has the table of the keys in Pulumi.yaml", () => {
    const table = `${configTable(readFileSync(path.join(ROOT, "Pulumi.yaml"), "utf8"))}\n`;
    const page = readFileSync(PAGE, "utf8");
    if (process.env.UPDATE_DOCS) {
        writeFileSync(
            PAGE,
            page.replace(TABLE, () => table),
        );
        return;
    }

    expect(page.match(TABLE)?.[0]).toBe(table);
});
