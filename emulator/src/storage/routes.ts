import { mount, type Route } from "../http/router";
import { type BucketServices, bucketRoutes } from "./bucket-routes";
import { downloadRoutes, objectRoutes } from "./object-routes";
import { uploadRoutes } from "./upload-routes";

/**
 * Cloud Storage's JSON API, for the main port and each VM's port. Every path exists twice, because the Node.js client
 * drops `/storage/v1` when STORAGE_EMULATOR_HOST is set and the Python client keeps it.
 */
export function storageRoutes(services: BucketServices): Route[] {
    const { storage } = services;
    const metadata = [...bucketRoutes(services), ...objectRoutes(storage)];
    return [
        ...mount("/storage/v1", metadata),
        ...metadata.filter(({ pattern }) => pattern.startsWith("/b")),
        ...mount("/upload/storage/v1", uploadRoutes(storage)),
        ...mount("/download/storage/v1", downloadRoutes(storage)),
    ];
}
