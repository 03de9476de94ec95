/** The parts of a version's name. */
export interface SecretVersionName {
    /** Id or number of the project that contains the secret. */
    readonly project: string;
    readonly secret: string;
    readonly version: string;
}

/** A number, because with `latest` a run could change without getting a new run id. */
const FULL_NAME = /^projects\/([a-z0-9.:-]+)\/secrets\/([A-Za-z0-9_-]{1,255})\/versions\/([1-9]\d{0,18})$/;
/** The short form that `gcloud run deploy --set-secrets` accepts. */
const SHORT_NAME = /^([A-Za-z0-9_-]{1,255}):([1-9]\d{0,18})$/;

/** True if a string names a version, by its full name or as `SECRET:NUMBER`. */
export function isSecretVersion(text: string): boolean {
    return FULL_NAME.test(text) || SHORT_NAME.test(text);
}

/** The full name of a version. @param project the project for a short name */
export function fullVersionName(text: string, project: string): string {
    const [, secret, version] = SHORT_NAME.exec(text) ?? [];
    return secret === undefined ? text : `projects/${project}/secrets/${secret}/versions/${version}`;
}

/** @throws Error unless the text is a full name */
export function parseSecretVersion(fullName: string): SecretVersionName {
    const [, project = "", secret = "", version] = FULL_NAME.exec(fullName) ?? [];
    if (version === undefined) {
        throw new Error(
            `a secret version must be projects/<project>/secrets/<secret>/versions/<number>; got ${JSON.stringify(fullName)}`,
        );
    }
    return { project, secret, version };
}
