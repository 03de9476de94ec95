/**
 * Parses a rule of the form `key=value,key=value`. A value cannot contain a comma.
 *
 * @param what the rule, for the message, e.g. "a fault rule"
 * @param syntax an example
 * @throws Error that names an unknown key and the allowed ones
 */
export function parsePairs(text: string, what: string, keys: readonly string[], syntax: string): Map<string, string> {
    const values = new Map<string, string>();
    for (const part of text.split(",")) {
        const at = part.indexOf("=");
        const [key, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
        if (at < 0 || !keys.includes(key)) {
            throw new Error(
                `${what} must be a list of key=value pairs with the keys ${keys.join(", ")}; got "${part}" (${syntax})`,
            );
        }
        values.set(key, value);
    }
    return values;
}
