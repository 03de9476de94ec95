import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { KEYS, type KeyName } from "../../infra/config/keys";

const ROOT = path.join(__dirname, "..", "..");
const PAGE = path.join(ROOT, "docs", "configuration.md");
const TABLE = /(?<=<!-- config table[^>]*-->\n)[\s\S]*?(?=<!-- end of config table -->)/;

// `UPDATE_DOCS=1 npx jest tests/infra/configuration-page` writes the table instead of checking it.
it("docs/configuration.md contains a table of the keys in Pulumi.yaml", () => {
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

interface DeclaredKey {
    description: string;
    default: unknown;
}

/** Generates the Markdown table of config keys from the text of Pulumi.yaml. */
function configTable(pulumiYaml: string): string {
    const { config } = parse(pulumiYaml) as { config: Record<string, DeclaredKey> };
    const rows = Object.entries(config).map(
        ([key, { description, default: value }]) =>
            `| \`${key}\` | ${KEYS[key as KeyName].type} | ${shown(value)} | ${cell(description)} |`,
    );
    return ["| key | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function shown(value: unknown): string {
    const isEmpty = value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
    return isEmpty ? "none" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function cell(text: string): string {
    return text.replaceAll("|", "\\|");
}
