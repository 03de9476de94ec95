import { mount, type Route } from "../http/router";
import { bucketRoutes } from "./bucket-routes";
import { downloadRoutes, objectRoutes } from "./object-routes";
import { uploadRoutes } from "./upload-routes";

/**
 * Cloud Storage's JSON API, for the main port and for each VM's own. Twice: the Node.js client drops `/storage/v1` when
 * STORAGE_EMULATOR_HOST is set, the Python client keeps it.
 */
export function storageRoutes(): Route[] {
    const metadata = [...bucketRoutes, ...objectRoutes];
    return [
        ...mount("/storage/v1", metadata),
        ...metadata.filter(({ pattern }) => pattern.startsWith("/b")),
        ...mount("/upload/storage/v1", uploadRoutes),
        ...mount("/download/storage/v1", downloadRoutes),
    ];
}
