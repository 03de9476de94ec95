import { parse } from "yaml";

interface DeclaredKey {
    type: string;
    description: string;
    default: unknown;
}

/** Markdown table of the config keys, generated from the text of Pulumi.yaml. */
export function configTable(pulumiYaml: string): string {
    const { config } = parse(pulumiYaml) as { config: Record<string, DeclaredKey> };
    const rows = Object.entries(config).map(
        ([key, { type, description, default: value }]) =>
            `| \`${key}\` | ${type} | ${shown(value)} | ${cell(description)} |`,
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
