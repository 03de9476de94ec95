/** A reference to an image in a registry. */
export interface ImageReference {
    /** The reference without its tag and digest. */
    name: string;
    /** `sha256:...`, if the reference has one. */
    digest: string | undefined;
    /** The repository in Artifact Registry, and the image's name and tag in it; undefined in another registry. */
    repository: Record<"project" | "location" | "repositoryId" | "imageName", string> | undefined;
}

/** Parses a reference with a registry and a tag or digest; undefined for any other text. */
export function parseImage(text: string): ImageReference | undefined {
    const [, host = "", path = "", tag, digest] =
        /^([\w.-]+(?::\d+)?)\/([a-z0-9][\w./-]*?)(?::([\w.-]{1,128}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
    if (!/[.:]/.test(host) || (tag === undefined && digest === undefined)) {
        return undefined;
    }
    const location = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(host)?.[1];
    const [project, repositoryId, ...image] = path.split("/");
    const isComplete = location && project && repositoryId && image.length > 0;
    const imageName = `${image.join("/")}:${tag}`;
    const repository = isComplete ? { project, location, repositoryId, imageName } : undefined;
    return { name: `${host}/${path}`, digest, repository };
}
