import type { ApiResponse } from "../http/types";

/** A failure as registries answer it: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export class OciError extends Error {
    override readonly name = "OciError";

    readonly status: number;
    readonly code: string;
    readonly headers: Readonly<Record<string, string>>;

    constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
        super(message);
        this.status = status;
        this.code = code;
        this.headers = headers;
    }

    response(): ApiResponse {
        return {
            status: this.status,
            headers: { ...REGISTRY_HEADERS, ...this.headers },
            body: { errors: [{ code: this.code, message: this.message }] },
        };
    }
}

/** Old clients look for it to know that this is a registry. */
export const REGISTRY_HEADERS = { "docker-distribution-api-version": "registry/2.0" };

export const nameUnknown = (message: string) => new OciError(404, "NAME_UNKNOWN", message);
export const manifestUnknown = (message: string) => new OciError(404, "MANIFEST_UNKNOWN", message);
export const manifestInvalid = (message: string) => new OciError(400, "MANIFEST_INVALID", message);
export const blobUnknown = (message: string) => new OciError(404, "BLOB_UNKNOWN", message);
export const digestInvalid = (message: string) => new OciError(400, "DIGEST_INVALID", message);
export const uploadUnknown = (message: string) => new OciError(404, "BLOB_UPLOAD_UNKNOWN", message);
export const denied = (message: string) => new OciError(403, "DENIED", message);
