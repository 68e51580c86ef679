/* Draws the API's description with Swagger UI; requests tried here carry the CSRF token. */
(() => {
  "use strict";

  const place = document.getElementById("api-docs");
  const { schema, csrf } = place.dataset;
  window.SwaggerUIBundle({
    url: schema,
    domNode: place,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    docExpansion: "none",
    defaultModelRendering: "model",
    defaultModelsExpandDepth: 0,
    deepLinking: true,
    /* Unset, Swagger UI sends the description to a validator on another host. */
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (!["GET", "HEAD"].includes((request.method || "GET").toUpperCase())) {
        request.headers["X-CSRFToken"] = csrf;
      }
      return request;
    },
  });
})();
