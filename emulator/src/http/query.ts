import { invalid } from "./errors";

/**
 * A boolean query parameter. Google takes it in any case (the Python client sends `True`) and as a digit.
 *
 * @returns `fallback` when it is not given
 * @throws ApiError 400 for what is neither true nor false
 */
export function readBoolean(query: URLSearchParams, name: string, fallback: boolean): boolean {
    const value = query.get(name)?.toLowerCase();
    switch (value) {
        case undefined:
        case "":
            return fallback;
        case "true":
        case "1":
            return true;
        case "false":
        case "0":
            return false;
        default:
            throw invalid(`Invalid value "${value}" for ${name}: it must be true or false.`, name);
    }
}
