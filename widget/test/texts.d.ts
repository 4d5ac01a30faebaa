/** Files that the tests read as text. */
declare module "*.tpl" {
  const text: string;
  export default text;
}

declare module "*.html" {
  const text: string;
  export default text;
}
