import { invalid } from "./errors";

/** Name of a key: https://cloud.google.com/kms/docs/getting-resource-ids */
const KEY = /^projects\/[^/]+\/locations\/([a-z0-9-]+)\/keyRings\/[^/]+\/cryptoKeys\/[^/]+(\/cryptoKeyVersions\/\d+)?$/;

/**
 * Checks that a key could protect a resource. The emulator has no keys, so it does not check that the key exists or
 * that Google's service agents may use it.
 *
 * @param key undefined if the resource has no key
 * @param location location of the resource, in upper or lower case
 * @throws ApiError 400 for an invalid key name, or for a key in another location
 */
export function checkKeyLocation(key: string | undefined, location: string): void {
    const place = checkKey(key);
    if (place !== undefined && place !== location.toLowerCase()) {
        throw invalid(
            `The Cloud KMS key "${key}" is in ${place}; it must be in the location of the resource, ${location.toLowerCase()}.`,
            "kmsKeyName",
        );
    }
}

/**
 * Checks a key that may be in any location.
 *
 * @returns the location of the key, or undefined if there is no key
 * @throws ApiError 400 for an invalid key name
 */
export function checkKey(key: string | undefined): string | undefined {
    const place = KEY.exec(key ?? "")?.[1];
    if (key !== undefined && place === undefined) {
        throw invalid(
            `Invalid Cloud KMS key "${key}": it must be projects/P/locations/L/keyRings/R/cryptoKeys/K.`,
            "kmsKeyName",
        );
    }
    return place;
}
