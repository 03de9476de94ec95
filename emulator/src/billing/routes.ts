import { notFound, unimplemented } from "../http/errors";
import { pageOf } from "../http/query";
import { type Route, route } from "../http/router";
import { SERVICES, skusOf } from "./catalog";

const PAGE_QUERY = ["pageSize", "pageToken"];

/**
 * The price list of the Cloud Billing API, with example amounts. Every caller may read it, as on Google Cloud.
 * https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list
 * @param regions the regions to which every SKU applies
 */
export function billingRoutes(regions: readonly string[]): Route[] {
    return [
        route(
            "GET",
            "/v1/services",
            ({ query }) => {
                const services = SERVICES.map((service) => ({
                    name: `services/${service.serviceId}`,
                    ...service,
                    businessEntityName: "businessEntities/GCP",
                }));
                const paging = { size: "pageSize", largest: 5000, key: ({ name }: { name: string }) => name } as const;
                const { page, nextPageToken = "" } = pageOf(query, services, paging);
                return { body: { services: page, nextPageToken } };
            },
            { query: PAGE_QUERY },
        ),
        route(
            "GET",
            "/v1/services/:service/skus",
            ({ params, query }) => {
                const service = SERVICES.find(({ serviceId }) => serviceId === params.service);
                if (service === undefined) {
                    throw notFound(`Service services/${params.service} was not found.`);
                }
                const currency = query.get("currencyCode") ?? "USD";
                if (currency !== "USD") {
                    throw unimplemented(`currencyCode "${currency}" (only USD is supported)`);
                }
                const paging = { size: "pageSize", largest: 5000, key: ({ name }: { name: string }) => name } as const;
                const { page, nextPageToken = "" } = pageOf(query, skusOf(service, regions), paging);
                return { body: { skus: page, nextPageToken } };
            },
            { query: [...PAGE_QUERY, "currencyCode"] },
        ),
    ];
}
