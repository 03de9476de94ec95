import { ApiError } from "../http/errors";
import type { ApiRequest, Principal } from "../http/types";
import { principalOf } from "../iam/tokens";
import type { ImageName } from "./images";
import { denied, nameUnknown, OciError } from "./oci-errors";

/** What a caller wants with a repository. */
export type RegistryAction = "downloadArtifacts" | "uploadArtifacts" | "deleteArtifacts";

/**
 * Who calls: a bearer token, or Basic with an access token as password, whatever the user (`oauth2accesstoken`, or what
 * docker-credential-gcr sends).
 * @throws OciError 401 with the challenge that makes docker send its credentials
 * @see https://cloud.google.com/artifact-registry/docs/docker/authentication#token
 */
export function registryPrincipal(request: ApiRequest): Principal {
    if (request.principal.kind !== "anonymous") {
        return request.principal;
    }
    const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const password = Buffer.from(basic ?? "", "base64")
        .toString("utf8")
        .replace(/^[^:]*:?/, "");
    if (password === "") {
        throw unauthorized(request, "Unauthenticated request: authentication is needed for this registry.");
    }
    try {
        return principalOf(password);
    } catch (error) {
        if (error instanceof ApiError) {
            throw unauthorized(request, error.message);
        }
        throw error;
    }
}

/**
 * The image of a path, for a caller who may do this with its repository.
 * @param name `P/R/IMAGE`
 * @throws OciError 401, 403 (also for a repository that is not there: nobody learns of others), 404
 */
export function allowedImage(request: ApiRequest, name: string, action: RegistryAction): ImageName {
    const principal = registryPrincipal(request);
    const [project = "", id = "", ...rest] = name.split("/");
    const image = rest.join("/");
    if (!/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/.test(image)) {
        throw new OciError(
            400,
            "NAME_INVALID",
            `"${name}" is no image name: it must be PROJECT/REPOSITORY/IMAGE in lower case`,
        );
    }
    const repository = request.services.artifactRegistry.repositories.find(project, id);
    const resource = repository?.name ?? `projects/${project}`;
    const permission = `artifactregistry.repositories.${action}`;
    if (!request.services.policies.check(principal, permission, resource)) {
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
