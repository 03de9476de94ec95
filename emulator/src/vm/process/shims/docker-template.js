// @ts-check
// `docker inspect --format`: Go templates, limited to paths.

const { DaemonError } = require("./docker-options.js");

/** @param {string} template @param {unknown} data */
function renderTemplate(template, data) {
    return template.replace(/\{\{([^}]*)\}\}/g, (_match, /** @type {string} */ action) => {
        const expression = action.trim();
        const json = /^json\s+(\..*)$/.exec(expression);
        const path = json?.[1] ?? expression;
        if (!/^(\.[A-Za-z]+)+$|^\.$/.test(path)) {
            throw new DaemonError(`template {{${action}}} is not emulated; allowed: {{.A.B}} and {{json .A.B}}`);
        }
        const value = path.split(".").filter(Boolean).reduce(lookUp, data);
        return json === null && typeof value !== "object" ? String(value) : JSON.stringify(value);
    });
}

/** @param {unknown} value @param {string} key */
function lookUp(value, key) {
    const found =
        typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === key) : undefined;
    if (found === undefined) {
        throw new DaemonError(`template parsing error: map has no entry for key "${key}"`);
    }
    return found[1];
}

module.exports = { renderTemplate };
