import { createHash } from "node:crypto";
import { type Html, html } from "./html";
import { pageScript } from "./page-script";
import { drawSection, type Section } from "./sections/section";
import { STYLES } from "./styles";

export interface Page {
    title: string;
    header: Html;
    sections: readonly Section[];
    footer: Html;
}

/** The whole file. Its content security policy allows only its own script and styles, not even an external image. */
export function drawPage({ title, header, sections, footer }: Page): string {
    const script = `(${pageScript.toString()})();`;
    const policy = [
        "default-src 'none'",
        `style-src '${hashOf(STYLES)}'`,
        `script-src '${hashOf(script)}'`,
        "base-uri 'none'",
        "form-action 'none'",
    ].join("; ");
    const links = sections.map(({ id, short }) => html`<li><a href="#${id}">${short}</a></li>`);
    const nav = html`<nav aria-label="Parts of this report"><ul>${links}</ul></nav>`;
    const main = html`<main>${sections.map((section) => html`${drawSection(section)}\n`)}</main>`;
    const body = html`<header>${header}</header>${nav}${main}<footer>${footer}</footer>`;
    // The policy comes first because it applies only to elements after it.
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${html`<meta http-equiv="Content-Security-Policy" content="${policy}">`}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${html`<title>${title}</title>`}
<style>${STYLES}</style>
</head>
<body>
${body}
<script>${script}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
    return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
