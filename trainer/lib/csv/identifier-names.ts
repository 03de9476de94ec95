/**
 * Names that mark a column as an identifier, whatever the column contains: `id`, `row number`, `rownames`, `user_id`,
 * `userId`, `id_user`.
 */
const IDENTIFIERS = [
    /^(id|index|uuid|guid|rownames|row[ _.]?(names|id|number|num|no)?)$/i,
    /^Unnamed: \d+$/,
    /[ _.-]id$/i,
    /^id[ _.-]/i,
    /[a-z0-9]I[dD]$/,
];

/** True if a name looks like an identifier's. */
export function isIdentifierName(name: string): boolean {
    return IDENTIFIERS.some((pattern) => pattern.test(name));
}
