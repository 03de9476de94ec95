import { ApiError } from "../http/errors";
import type { ApiRequest, ApiResponse, Principal } from "../http/types";
import type { IamService } from "../iam/service";
import type { ImageName } from "./images";
import type { RegistryServices } from "./service";

/** Handles a request about an image: `/v2/<name>/<rest>`. */
export type OciHandler = (
    services: RegistryServices,
    request: ApiRequest,
    name: string,
    reference: string,
) => Promise<ApiResponse> | ApiResponse;

/**
 * An error in the registry protocol's format:
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
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

/** Old clients accept a server as a registry only if it sends this header. */
export const REGISTRY_HEADERS = { "docker-distribution-api-version": "registry/2.0" };

export const nameUnknown = (message: string) => new OciError(404, "NAME_UNKNOWN", message);
export const manifestUnknown = (message: string) => new OciError(404, "MANIFEST_UNKNOWN", message);
export const manifestInvalid = (message: string) => new OciError(400, "MANIFEST_INVALID", message);
export const blobUnknown = (message: string) => new OciError(404, "BLOB_UNKNOWN", message);
export const digestInvalid = (message: string) => new OciError(400, "DIGEST_INVALID", message);
export const uploadUnknown = (message: string) => new OciError(404, "BLOB_UPLOAD_UNKNOWN", message);
export const unsupported = (status: 400 | 501, message: string) => new OciError(status, "UNSUPPORTED", message);
export const denied = (message: string) => new OciError(403, "DENIED", message);

/** Last segment of the permission that a request needs on the repository. */
export type RegistryAction = "downloadArtifacts" | "uploadArtifacts" | "deleteArtifacts";

/**
 * Identifies the caller by a bearer token, or by Basic authentication with an access token as the password and any user
 * name (`oauth2accesstoken`, or the name that docker-credential-gcr sends).
 * @throws OciError 401 with the challenge that makes docker send its credentials
 * @see https://cloud.google.com/artifact-registry/docs/docker/authentication#token
 */
export function registryPrincipal(iam: IamService, request: ApiRequest): Principal {
    if (request.principal.kind !== "anonymous") {
        return request.principal;
    }
    const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const password = Buffer.from(basic ?? "", "base64")
        .toString("utf8")
        .replace(/^[^:]*:?/, "");
    if (password === "") {
        throw unauthorized(request, "Unauthenticated request: this registry requires authentication.");
    }
    try {
        return iam.principalOf(password);
    } catch (error) {
        if (error instanceof ApiError) {
            throw unauthorized(request, error.message);
        }
        throw error;
    }
}

/**
 * Returns the image in a path, if the caller has the permission on its repository.
 * @param name `P/R/IMAGE`
 * @throws OciError 401, 404, or 403 (for a missing repository too, so that callers cannot probe for names)
 */
export function allowedImage(
    { registry, iam }: RegistryServices,
    request: ApiRequest,
    name: string,
    action: RegistryAction,
): ImageName {
    const principal = registryPrincipal(iam, request);
    const [project = "", id = "", ...rest] = name.split("/");
    const image = rest.join("/");
    if (!/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/.test(image)) {
        throw new OciError(
            400,
            "NAME_INVALID",
            `"${name}" is not an image name; it must be PROJECT/REPOSITORY/IMAGE in lower case`,
        );
    }
    const repository = registry.repositories.find(project, id);
    const resource = repository?.name ?? `projects/${project}`;
    const permission = `artifactregistry.repositories.${action}`;
    if (!iam.policies.check(principal, permission, resource)) {
        throw denied(`Permission "${permission}" denied on resource "${resource}" (or it may not exist)`);
    }
    if (repository === undefined) {
        throw nameUnknown(`Repository "${id}" not found in project "${project}"`);
    }
    return { repository: `${project}/${id}`, image };
}

function unauthorized(request: ApiRequest, message: string): OciError {
    return new OciError(401, "UNAUTHORIZED", message, {
        "www-authenticate": `Basic realm="${request.baseUrl}/v2/", charset="UTF-8"`,
    });
}
